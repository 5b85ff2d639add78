/** Metrics: what the rest of the program, and `packages/cli`, may use of them. */
export { createMetrics, type Metrics } from './metrics.ts';
