/**
 * The process's own metrics (CPU, memory, event-loop delay, garbage collection), by prom-client.
 *
 * Imported dynamically, after the start: loading it takes 60 ms that the first answer need not wait for. Event-loop delay
 * is measured from the import on. Left out are the three `nodejs_active_…_total`: gauges with a counter's name, which
 * `promtool check metrics` rejects.
 */
import { collectDefaultMetrics, Registry } from 'prom-client';

const register = new Registry();
collectDefaultMetrics({ register });
for (const what of ['handles', 'requests', 'resources']) register.removeSingleMetric(`nodejs_active_${what}_total`);

/** It writes `Nan`, which the format does not know, for the delay before its first sample. */
export async function processText(): Promise<string> {
  return (await register.metrics()).replace(/ Nan$/gm, ' NaN');
}
