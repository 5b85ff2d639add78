/**
 * A listening registry of real parts: core, store, frame, dialects. What a test may pass in: the clock, so that leases run out
 * at once; the store; what probes see.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, createRegistry, type InstanceRef, type Observation, type Registry, type Store, TICK_MS } from '@rollcall/core';
import { infiniDialect } from '../../src/dialects/infini/routes.ts';
import { nativeDialect } from '../../src/dialects/native/routes.ts';
import { createProbers, createProbeScheduler, createResolver } from '../../src/probe/index.ts';
import type { Dialect, DialectContext, DialectSettings } from '../../src/server/dialect.ts';
import { type Listener, openListener } from '../../src/server/frame.ts';
import { type ServerLimits, serverLimits } from '../../src/server/limits.ts';
import { createMemoryStore } from '../../src/store/memory.ts';

export interface House {
  /** Of the first listener: infini and native, unless `dialects` says otherwise. */
  readonly url: string;
  readonly port: number;
  readonly registry: Registry;
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Another listener for the same registry, closed with the house. Resolves with its URL. */
  listen(...dialects: Dialects): Promise<string>;
  /** Lets `ms` pass on the lease clock, tick by tick, and what they cause be done. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

type Dialects = readonly [Dialect, ...Dialect[]];

export interface HouseOptions {
  readonly dialects?: Dialects;
  readonly limits?: Partial<ServerLimits>;
  readonly newId?: () => string;
  readonly store?: Store;
  /** Real probes, on real time. Instead of `probeNow`. */
  readonly probes?: boolean;
  readonly probeNow?: (ref: InstanceRef, check: number) => Promise<Observation | undefined>;
  readonly backup?: (file: string) => Promise<void>;
}

const SETTINGS: DialectSettings = {
  classic: {
    heartbeatTimeoutMs: 30_000,
    serviceTtlMs: 300_000,
    check: { intervalMs: 30_000, timeoutMs: 5_000, failures: 3 },
    cleanupIntervalMs: 60_000,
  },
  infini: { healthIntervalMs: 30_000, healthTimeoutMs: 5_000, cleanupIntervalMs: 60_000 },
};

export async function openHouse({
  dialects = [infiniDialect, nativeDialect],
  limits,
  newId = randomUUID,
  store = createMemoryStore(),
  probes = false,
  probeNow,
  backup,
}: HouseOptions = {}): Promise<House> {
  let passedMs = 0;
  const startedAtMs = Date.now();
  const clock: Clock = { monotonicMs: () => passedMs, wallMs: () => startedAtMs + passedMs };
  const registry = createRegistry({ store, clock, reach: async () => 'silent' });
  await registry.open();
  const prober = probes ? startProbes(registry) : undefined;

  const context: DialectContext = {
    registry,
    clock,
    settings: SETTINGS,
    newId,
    probeNow: probeNow ?? prober?.probeNow ?? (async () => undefined),
    metricsText: async () => '',
    version: '0.0.0',
    ...(backup === undefined ? {} : { backup }),
  };
  const listeners: Listener[] = [];
  async function listen(...served: Dialects): Promise<Listener> {
    const listener = await openListener({ host: '127.0.0.1', port: 0, dialects: served, context, limits: { ...serverLimits, ...limits } });
    listeners.push(listener);
    return listener;
  }
  const { port } = (await listen(...dialects)).address;
  const url = `http://127.0.0.1:${port}`;

  return {
    url,
    port,
    registry,
    listen: async (...served) => `http://127.0.0.1:${(await listen(...served)).address.port}`,
    async ask(method, path, body) {
      const response = await fetch(`${url}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
    },
    async advance(ms) {
      for (const endMs = passedMs + ms; passedMs < endMs; ) {
        passedMs += TICK_MS;
        registry.tick();
        await new Promise((resolve) => setImmediate(resolve));
      }
    },
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()));
      await prober?.stop();
      await registry.close();
    },
  };
}

interface RunningProbes {
  readonly probeNow: DialectContext['probeNow'];
  stop(): Promise<void>;
}

function startProbes(registry: Registry): RunningProbes {
  const clock = { monotonicMs: () => performance.now() };
  const resolver = createResolver({ clock });
  const scheduler = createProbeScheduler({ registry, probe: createProbers({ resolver }), clock, random: Math.random });
  scheduler.start();
  return {
    probeNow: scheduler.probeNow,
    async stop() {
      await scheduler.stop();
      resolver.close();
    },
  };
}
