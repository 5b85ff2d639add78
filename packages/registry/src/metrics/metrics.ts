/**
 * What `/metrics` tells: the five names of the original service-registry, ours (`rollcall_…`), and the process's.
 *
 * Counts are read from the registry when they are asked for; only requests, commits and probes are recorded as they
 * happen. The process's metrics come from prom-client, loaded after the start: see `process.ts`.
 */
import type { Registry } from '@rollcall/core';
import type { ProbeFigures } from '../probe/index.ts';
import { createHistogram, type Reading, readingText } from './exposition.ts';

export interface Metrics {
  /** The recorder for one operation of one dialect, in ms. Bind it once, when the route is made. */
  request(dialect: string, operation: string): (tookMs: number) => void;
  /** For `RegistryOptions.onCommit`. */
  readonly onCommit: (tookMs: number, commands: number) => void;
  /** What is read at each scrape, from then on. */
  observe(registry: Registry, probes: () => ProbeFigures): void;
  /** Prometheus text format 0.0.4. */
  text(): Promise<string>;
}

const REQUEST_SECONDS = [0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const COMMIT_SECONDS = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const BATCH_COMMANDS = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000];

export function createMetrics(build: { readonly version: string; readonly store: string }): Metrics {
  const requests = createHistogram('rollcall_request_duration_seconds', 'Time from a request to its answer', REQUEST_SECONDS);
  const commits = createHistogram('rollcall_store_commit_duration_seconds', 'Time that the store took for a batch', COMMIT_SECONDS);
  const batches = createHistogram('rollcall_store_commit_commands', 'Commands in a batch', BATCH_COMMANDS);
  const commitMs = commits.bind({});
  const batchSize = batches.bind({});
  const readings: Reading[] = [
    { name: 'registry_requests_total', help: 'API requests answered', type: 'counter', read: () => requests.count },
    {
      name: 'rollcall_build_info',
      help: 'What is running; always 1',
      type: 'gauge',
      read: () => [{ labels: { ...build, node: process.versions.node }, value: 1 }],
    },
  ];

  return {
    request(dialect, operation) {
      const record = requests.bind({ dialect, operation });
      return (tookMs) => record(tookMs / 1_000);
    },
    onCommit(tookMs, commands) {
      commitMs(tookMs / 1_000);
      batchSize(commands);
    },
    observe(registry, probes) {
      readings.push(...registryReadings(registry), ...probeReadings(probes));
    },
    async text() {
      const { processText } = await import('./process.ts');
      return [...readings.map(readingText), requests.text(), commits.text(), batches.text(), await processText()].join('');
    },
  };
}

function registryReadings(registry: Registry): Reading[] {
  const count = (name: string, help: string, read: () => number): Reading => ({ name, help, type: 'counter', read });
  const gauge = (name: string, help: string, read: () => number): Reading => ({ name, help, type: 'gauge', read });
  return [
    gauge('registry_services_total', 'Registered instances', () => registry.counts.instances),
    gauge('registry_services_healthy', 'Instances that discovery answers contain', () => registry.counts.discoverable),
    gauge('rollcall_services', 'Services with at least one instance', () => registry.counts.services),
    gauge('rollcall_leases', 'Leases that are kept, one an instance', () => registry.counts.instances),
    gauge('rollcall_leases_late', 'Leases that have run out and are not removed yet', () => registry.counts.late),
    gauge('rollcall_leases_held', 'Late, but kept in discovery by the mass-expiry guard', () => registry.counts.held),
    gauge('rollcall_leases_in_grace', 'Not heard yet since the start', () => registry.counts.inGrace),
    gauge('rollcall_remembered', 'Expired instances that a heartbeat would bring back', () => registry.counts.remembered),
    gauge('rollcall_intents', "Operators' intents", () => registry.counts.intents),
    gauge('rollcall_guards', 'Services under the mass-expiry guard', () => registry.state.guarded.length),
    count('rollcall_expired_total', 'Instances that expired', () => registry.counts.expired),
    count('rollcall_revived_total', 'Expired instances that a heartbeat brought back', () => registry.counts.revived),
    count(
      'rollcall_stalled_seconds_total',
      'Time that the lease clock left out because the process stalled',
      () => registry.state.stalledMs / 1_000,
    ),
    gauge('rollcall_revision', 'Revision of the last change', () => registry.state.revision),
    gauge('rollcall_store_writable', '1 while writes work', () => (registry.state.store.writable ? 1 : 0)),
  ];
}

function probeReadings(probes: () => ProbeFigures): Reading[] {
  return [
    { name: 'registry_health_checks_total', help: 'Health checks performed', type: 'counter', read: () => probes().probes },
    { name: 'registry_health_check_failures_total', help: 'Health checks that failed', type: 'counter', read: () => probes().failures },
    { name: 'rollcall_checks', help: 'Health checks that are followed', type: 'gauge', read: () => probes().checks },
    { name: 'rollcall_probes_in_flight', help: 'Health checks under way', type: 'gauge', read: () => probes().inFlight },
    { name: 'rollcall_probes_waiting', help: 'Health checks that are due and not begun', type: 'gauge', read: () => probes().waiting },
    {
      name: 'rollcall_probe_hosts_full',
      help: 'Hosts at their own bound, with checks waiting',
      type: 'gauge',
      read: () => probes().fullHosts,
    },
    {
      name: 'rollcall_probe_lag_seconds',
      help: 'How long the oldest due check has waited',
      type: 'gauge',
      read: () => probes().lagMs / 1_000,
    },
  ];
}
