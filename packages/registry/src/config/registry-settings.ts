/**
 * Every setting of `rollcall registry` and `rollcall up`: the one place where names, ranges and defaults are declared.
 * Durations are written in seconds and kept in milliseconds.
 */
import { serverLimits } from '../server/limits.ts';
import { httpUrl, type ListenAddress, listenAddress, listOf, oneOf, optional, orOff, seconds, text, truth, whole } from './kinds.ts';
import { type LogLevel, logLevel } from './levels.ts';
import type { Setting, Values } from './setting.ts';

export const stores = ['embedded', 'memory'] as const;
export type StoreKind = (typeof stores)[number];

const strategies = ['round_robin', 'least_connections', 'least_latency', 'power_of_two', 'random'] as const;
type Strategy = (typeof strategies)[number];

const WEEK_S = 604_800;
const DAY_S = 86_400;

export const registrySettings = {
  bind: setting<readonly ListenAddress[]>({
    flag: 'bind',
    repeatable: true,
    env: 'SERVICE_REGISTRY_BIND',
    key: 'bind_address',
    kind: listOf(listenAddress),
    fallback: [{ host: '127.0.0.1', port: 8100 }],
    doc: 'where the main listener answers (classic and native dialect); may be repeated',
  }),
  infiniBind: setting<ListenAddress | 'off'>({
    flag: 'infini-bind',
    env: 'ROLLCALL_INFINI_BIND',
    kind: orOff(listenAddress),
    fallback: { host: '127.0.0.1', port: 8081 },
    doc: 'where the infini dialect answers, or off',
  }),
  store: setting<StoreKind>({
    flag: 'store',
    env: 'ROLLCALL_STORE',
    kind: {
      ...oneOf(stores, 'STORE'),
      expected: `one of ${stores.join(', ')} (etcd, for several replicas, is not part of this version)`,
    },
    fallback: 'embedded',
    doc: 'where registrations are kept: embedded (durable, a directory) or memory (gone with the process)',
  }),
  dataDir: setting<string>({
    flag: 'data-dir',
    env: 'ROLLCALL_DATA_DIR',
    kind: text('DIR', 'a directory'),
    fallback: './rollcall-data',
    doc: "the embedded store's directory, on a local disk; made when it is not there",
  }),
  config: setting<string | undefined>({
    flag: 'config',
    env: 'ROLLCALL_CONFIG',
    kind: optional(text('FILE', 'a file')),
    fallback: undefined,
    doc: 'a JSON file; without it, config/service_registry.json is read when it is there',
  }),
  logLevel: setting<LogLevel>({
    flag: 'log-level',
    env: 'SERVICE_REGISTRY_LOG_LEVEL',
    kind: logLevel,
    fallback: 'info',
    doc: 'how much is logged',
  }),
  healthCheckIntervalMs: setting<number>({
    flag: 'health-check-interval',
    env: 'HEALTH_CHECK_INTERVAL',
    key: 'health_check.interval_seconds',
    kind: seconds(1, DAY_S),
    fallback: 30_000,
    doc: 'classic dialect: from one health check of an instance to its next',
  }),
  healthCheckTimeoutMs: setting<number>({
    flag: 'health-check-timeout',
    env: 'HEALTH_CHECK_TIMEOUT',
    key: 'health_check.timeout_seconds',
    kind: seconds(0.1, 300),
    fallback: 5_000,
    doc: 'classic dialect: a health check without an answer for this long has failed',
  }),
  healthCheckFailures: setting<number>({
    flag: 'health-check-failures',
    env: 'HEALTH_CHECK_FAILURES',
    key: 'health_check.failure_threshold',
    kind: whole(1, 1_000),
    fallback: 3,
    doc: 'classic dialect: failures in a row that make an instance unhealthy',
  }),
  serviceTtlMs: setting<number>({
    flag: 'service-ttl',
    env: 'SERVICE_TTL',
    key: 'service_ttl_seconds',
    kind: seconds(1, WEEK_S),
    fallback: 300_000,
    doc: 'classic dialect: lease of a registration with host and port',
  }),
  heartbeatTimeoutMs: setting<number>({
    flag: 'heartbeat-timeout',
    env: 'HEARTBEAT_TIMEOUT',
    kind: seconds(1, WEEK_S),
    fallback: 30_000,
    doc: 'classic dialect: lease of a registration with base_url',
  }),
  cleanupIntervalMs: setting<number>({
    flag: 'cleanup-interval',
    env: 'CLEANUP_INTERVAL',
    kind: seconds(1, DAY_S),
    fallback: 10_000,
    doc: 'classic dialect: how long a dead record may stay in memory; expiry does not wait for it',
  }),
  infiniHealthIntervalMs: setting<number>({
    flag: 'infini-health-interval',
    env: 'ROLLCALL_INFINI_HEALTH_INTERVAL',
    kind: seconds(1, DAY_S),
    fallback: 30_000,
    doc: 'infini dialect: from one health check of an instance to its next',
  }),
  infiniHealthTimeoutMs: setting<number>({
    flag: 'infini-health-timeout',
    env: 'ROLLCALL_INFINI_HEALTH_TIMEOUT',
    kind: seconds(0.1, 300),
    fallback: 5_000,
    doc: 'infini dialect: a health check without an answer for this long has failed',
  }),
  infiniCleanupIntervalMs: setting<number>({
    flag: 'infini-cleanup-interval',
    env: 'ROLLCALL_INFINI_CLEANUP_INTERVAL',
    kind: seconds(1, DAY_S),
    fallback: 60_000,
    doc: 'infini dialect: taken as the original takes it; an instance goes 300 s after its last heartbeat, whatever this says',
  }),
  headersTimeoutMs: setting<number>({
    flag: 'headers-timeout',
    env: 'ROLLCALL_HEADERS_TIMEOUT',
    kind: seconds(1, 3_600),
    fallback: serverLimits.headersTimeoutMs,
    doc: 'a client that has not sent its headers by then is cut off',
  }),
  requestTimeoutMs: setting<number>({
    flag: 'request-timeout',
    env: 'ROLLCALL_REQUEST_TIMEOUT',
    kind: seconds(1, 3_600),
    fallback: serverLimits.requestTimeoutMs,
    doc: 'a client that has not sent its whole request by then is cut off',
  }),
  maxConnections: setting<number>({
    flag: 'max-connections',
    env: 'ROLLCALL_MAX_CONNECTIONS',
    kind: whole(1, 1_000_000),
    fallback: serverLimits.maxConnections,
    doc: 'open connections a listener; one more is closed at once',
  }),
  stopTimeoutMs: setting<number>({
    flag: 'stop-timeout',
    env: 'ROLLCALL_STOP_TIMEOUT',
    kind: seconds(0.1, 3_600),
    fallback: serverLimits.stopTimeoutMs,
    doc: 'how long running requests have to finish when the program is asked to stop',
  }),
  hanaOdataUrl: setting<string | undefined>({
    env: 'HANA_ODATA_URL',
    kind: optional(httpUrl),
    fallback: undefined,
    doc: 'accepted for the original service-registry; shipping logs there is not part of this version',
  }),
  hanaUsername: setting<string | undefined>({
    env: 'HANA_USERNAME',
    kind: optional(text('USER', 'a user name')),
    fallback: undefined,
    doc: 'accepted, as HANA_ODATA_URL is',
  }),
  hanaPassword: setting<string | undefined>({
    env: 'HANA_PASSWORD',
    kind: optional(text('PASSWORD', 'a password without control characters')),
    fallback: undefined,
    secret: true,
    doc: 'accepted, as HANA_ODATA_URL is; never shown',
  }),
  loadBalancingStrategy: setting<Strategy | undefined>({
    key: 'load_balancing.strategy',
    kind: optional(oneOf(strategies, 'STRATEGY')),
    fallback: undefined,
    doc: 'for a router; a registry alone accepts it and does nothing with it',
  }),
  circuitBreaker: setting<boolean | undefined>({
    key: 'load_balancing.enable_circuit_breaker',
    kind: optional(truth),
    fallback: undefined,
    doc: 'for a router; a registry alone accepts it and does nothing with it',
  }),
};

export type RegistryConfig = Values<typeof registrySettings>;

/** Gives a literal its type, so that `fallback` does not narrow the setting's value to itself. */
function setting<T>(value: Setting<T>): Setting<T> {
  return value;
}
