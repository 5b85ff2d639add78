/**
 * Puts the real parts together: store, core, clock, probes, dialects, listeners, metrics, log. The only place that does.
 *
 * What has been started is stopped in the opposite order, also when a later part fails to start. Throws `Failure` or
 * `StoreOpenError` with one line for people.
 */
import { randomUUID } from 'node:crypto';
import { createRegistry, type Notice, type Registry, type Store, TICK_MS } from '@rollcall/core';
import {
  classicDialect,
  createEmbeddedStore,
  createMemoryStore,
  createMetrics,
  createProbers,
  createProbeScheduler,
  createReach,
  createResolver,
  type Dialect,
  type DialectContext,
  type DialectSettings,
  infiniDialect,
  type Log,
  logChanges,
  type Metrics,
  nativeDialect,
  openListener,
  type ServerLimits,
  serverLimits,
} from '@rollcall/registry';
import { type ListenAddress, listenAddress, type RegistryConfig } from '@rollcall/registry/config';
import { systemClock } from './clock.ts';
import { codeOf, Failure } from './failure.ts';
import { version } from './version.ts';

const dialects = { classic: classicDialect, infini: infiniDialect, native: nativeDialect } as const satisfies Record<string, Dialect>;
export type DialectName = keyof typeof dialects;

export interface ListenerPlan {
  readonly address: ListenAddress;
  /** The first answers for paths that belong to none. */
  readonly dialects: readonly [DialectName, ...DialectName[]];
  /** Left out, with a log line, when the port is taken. */
  readonly ifFree?: true;
}

export interface OpenListener {
  readonly address: ListenAddress;
  readonly url: string;
  readonly dialects: readonly DialectName[];
}

export interface RunningRegistry {
  readonly listeners: readonly OpenListener[];
  /** Closes listeners, lets running requests finish within `stopTimeoutMs`, then closes the rest. Idempotent. */
  stop(): Promise<void>;
}

export async function startRegistry(config: RegistryConfig, plans: readonly ListenerPlan[], log: Log): Promise<RunningRegistry> {
  const closers = createClosers();
  try {
    const parts = await openParts(config, log, closers);
    return { listeners: await openListeners(plans, config, parts, log, closers), stop: closers.closeAll };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

interface Parts {
  readonly context: DialectContext;
  readonly metrics: Metrics;
}

/** Everything but the listeners. */
async function openParts(config: RegistryConfig, log: Log, closers: Closers): Promise<Parts> {
  const clock = systemClock;
  const store = openStore(config, log);
  const metrics = createMetrics({ version, store: store.kind });
  const resolver = createResolver({ clock });
  closers.add(() => resolver.close());
  const registry = createRegistry({
    store,
    clock,
    reach: createReach({ resolver }),
    announce: (notice) => announce(notice, log),
    onCommit: metrics.onCommit,
  });
  closers.add(() => registry.close());
  await registry.open();
  tellOpening(registry, log);

  const ticking = setInterval(() => registry.tick(), TICK_MS);
  closers.add(() => clearInterval(ticking));
  closers.add(logChanges(registry, log, clock.monotonicMs));
  const probes = createProbeScheduler({ registry, probe: createProbers({ resolver }), clock, random: Math.random });
  closers.add(() => probes.stop());
  probes.start();
  metrics.observe(registry, () => probes.figures);

  const context: DialectContext = {
    registry,
    clock,
    settings: dialectSettings(config),
    newId: randomUUID,
    probeNow: probes.probeNow,
    metricsText: metrics.text,
    version,
    ...(store.backup === undefined ? {} : { backup: (file) => store.backup?.(file) ?? Promise.resolve() }),
  };
  return { context, metrics };
}

function openStore({ store, dataDir }: RegistryConfig, log: Log): Store {
  switch (store) {
    case 'memory':
      return createMemoryStore();
    case 'embedded':
      return createEmbeddedStore({ dir: dataDir, onNotice: (text) => log.warn(text) });
  }
}

async function openListeners(
  plans: readonly ListenerPlan[],
  config: RegistryConfig,
  { context, metrics }: Parts,
  log: Log,
  closers: Closers,
): Promise<OpenListener[]> {
  const limits: ServerLimits = {
    ...serverLimits,
    headersTimeoutMs: config.headersTimeoutMs,
    requestTimeoutMs: config.requestTimeoutMs,
    maxConnections: config.maxConnections,
    stopTimeoutMs: config.stopTimeoutMs,
  };
  const listeners: OpenListener[] = [];
  const open: (() => Promise<void>)[] = [];
  // All at once, for each may take `stopTimeoutMs`.
  closers.add(async () => {
    await Promise.all(open.map((close) => close()));
  });
  for (const { address, dialects: names, ifFree } of plans) {
    const [first, ...others] = names;
    const served = [dialects[first], ...others.map((name) => dialects[name])] as const;
    try {
      const listener = await openListener({ ...address, dialects: [...served], context, limits, log, record: metrics.request });
      open.push(listener.close);
      listeners.push({ address: listener.address, url: `http://${listenAddress.show(listener.address)}`, dialects: names });
    } catch (error) {
      if (ifFree !== true || codeOf(error) !== 'EADDRINUSE') throw cannotListen(address, error);
      log.info({ address: listenAddress.show(address) }, 'Not listening here: another program does');
    }
  }
  return listeners;
}

function cannotListen(address: ListenAddress, error: unknown): Failure {
  const where = listenAddress.show(address);
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: 'another program listens there; stop it, or choose another address with --bind or --infini-bind (infini-registry: --port)',
    EACCES: 'this user may not use that port; choose one from 1024 on with --bind or --infini-bind (infini-registry: --port)',
    EADDRNOTAVAIL: 'this machine has no such address; choose one of its own with --bind or --infini-bind',
    ENOTFOUND: 'there is no such host; choose an address of this machine with --bind or --infini-bind',
    EAFNOSUPPORT: 'this machine does not speak that family of addresses; choose another with --bind or --infini-bind',
  };
  const reason = reasons[codeOf(error)] ?? (error instanceof Error ? error.message : String(error));
  return new Failure(2, `cannot listen on ${where}: ${reason}`, { cause: error });
}

function dialectSettings(config: RegistryConfig): DialectSettings {
  return {
    classic: {
      heartbeatTimeoutMs: config.heartbeatTimeoutMs,
      serviceTtlMs: config.serviceTtlMs,
      check: { intervalMs: config.healthCheckIntervalMs, timeoutMs: config.healthCheckTimeoutMs, failures: config.healthCheckFailures },
      cleanupIntervalMs: config.cleanupIntervalMs,
    },
    infini: {
      healthIntervalMs: config.infiniHealthIntervalMs,
      healthTimeoutMs: config.infiniHealthTimeoutMs,
      cleanupIntervalMs: config.infiniCleanupIntervalMs,
    },
  };
}

function tellOpening({ counts, state }: Registry, log: Log): void {
  log.info(
    { instances: counts.instances, services: counts.services, revision: state.revision, history: state.history },
    'Registrations loaded',
  );
  for (const notice of state.notices) log.warn(notice);
}

function announce(notice: Notice, log: Log): void {
  const { kind, ...fields } = notice;
  const [level, message] = announcements[kind];
  log[level](fields, message);
}

const announcements = {
  'guard-began': ['warn', 'Mass expiry: more than half would lapse at once; each is asked first, and kept while it may live'],
  'guard-ended': ['warn', 'The mass-expiry guard has ended'],
  'store-failed': ['error', 'The store cannot write: reads and heartbeats go on, writes are answered 503'],
  'store-recovered': ['warn', 'The store writes again'],
  stalled: ['warn', 'This process stood still; leases stood still with it'],
} as const satisfies Record<Notice['kind'], readonly ['warn' | 'error', string]>;

interface Closers {
  add(close: () => Promise<void> | void): void;
  /** Last opened, first closed; one that fails keeps none of the others from being closed. Idempotent. */
  readonly closeAll: () => Promise<void>;
}

function createClosers(): Closers {
  const closers: (() => Promise<void> | void)[] = [];
  let closing: Promise<void> | undefined;

  async function closeEach(): Promise<void> {
    const errors: unknown[] = [];
    for (const close of closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  return {
    add: (close) => void closers.push(close),
    closeAll: () => (closing ??= closeEach()),
  };
}
