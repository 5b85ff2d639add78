/**
 * A listening registry of real parts: core, store, frame, dialects. What a test may pass in: the clock, so that leases run out
 * at once; the store; what probes see.
 */
import { type Clock, createRegistry, type InstanceRef, type Observation, type Registry, type Store, TICK_MS } from '@rollcall/core';
import Fastify from 'fastify';
import { infiniDialect } from '../../src/dialects/infini/routes.ts';
import { nativeDialect } from '../../src/dialects/native/routes.ts';
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

  const app = Fastify({ routerOptions: { maxParamLength: 2000 } });
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (req: any, body: any, done: any) => {
    try {
      done(null, JSON.parse(body));
    } catch (e: any) {
      if (req.routeOptions.config.anyBody) done(null, undefined);
      else {
        e.statusCode = 400;
        e.message = 'Invalid JSON';
        done(e);
      }
    }
  });
  app.setErrorHandler((e: any, _, reply) => reply.code(e.statusCode ?? 500).send({ error: e.message }));
  app.setNotFoundHandler((_, reply) => reply.code(404).send({ error: 'x' }));
  const context: any = {
    registry,
    clock,
    settings: { infini: { healthIntervalMs: 30000, healthTimeoutMs: 5000 } },
    newId: () => '',
    probeNow,
    metricsText: async () => '',
    version: '0.1.0',
    backup,
  };
  app.register(async (scope) => nativeDialect.routes(scope, context));
  app.register(async (scope) => infiniDialect.routes(scope, context));
  const url = await app.listen({ port: 0 });

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
      await app.close();
      await registry.close();
    },
  };
}
