/**
 * A listening registry of real parts: core, store, frame, dialects. What a test may pass in: the clock, so that leases run out
 * at once; the store; what probes see.
 */
import { randomUUID } from 'node:crypto';
import { type Clock, createRegistry, type InstanceRef, type Observation, type Registry, type Store, TICK_MS } from '@rollcall/core';
import { infiniDialect } from '../../src/dialects/infini/routes.ts';
import { nativeDialect } from '../../src/dialects/native/routes.ts';
import type { DialectContext, DialectSettings } from '../../src/server/dialect.ts';
import { openListener } from '../../src/server/frame.ts';
import { serverLimits } from '../../src/server/limits.ts';
import { createMemoryStore } from '../../src/store/memory.ts';

export interface House {
  /** Of the infini listener, which serves the native API too. */
  readonly url: string;
  readonly registry: Registry;
  ask(method: string, path: string, body?: unknown): Promise<Answer>;
  /** Lets `ms` pass on the lease clock, tick by tick, and what they cause be done. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
}

export interface HouseOptions {
  readonly store?: Store;
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
  store = createMemoryStore(),
  probeNow = async () => undefined,
  backup,
}: HouseOptions = {}): Promise<House> {
  let passedMs = 0;
  const startedAtMs = Date.now();
  const clock: Clock = { monotonicMs: () => passedMs, wallMs: () => startedAtMs + passedMs };
  const registry = createRegistry({ store, clock, reach: async () => 'silent' });
  await registry.open();

  const context: DialectContext = {
    registry,
    clock,
    settings: SETTINGS,
    newId: randomUUID,
    probeNow,
    metricsText: async () => '',
    version: '0.0.0',
    ...(backup === undefined ? {} : { backup }),
  };
  const dialects = [infiniDialect, nativeDialect] as const;
  const listener = await openListener({ host: '127.0.0.1', port: 0, dialects, context, limits: serverLimits });
  const url = `http://127.0.0.1:${listener.address.port}`;

  return {
    url,
    registry,
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
      await listener.close();
      await registry.close();
    },
  };
}
