/** The parts together: a real registry, real probes, a real server that goes down and comes back. */
import { createServer } from 'node:http';
import { createRegistry, type InstanceId, type InstanceView, type Registry, TICK_MS } from '@rollcall/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  createProbers,
  createProbeScheduler,
  createReach,
  createResolver,
  type ProbeScheduler,
  type Resolver,
} from '../../src/probe/index.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { listen, recordOf, shut } from './fixtures.ts';

const clock = { monotonicMs: () => performance.now(), wallMs: () => Date.now() };
const DEADLINE_MS = 30_000;

let resolver: Resolver;
let registry: Registry;
let scheduler: ProbeScheduler;
let ticking: NodeJS.Timeout;

beforeEach(async () => {
  resolver = createResolver({ clock });
  registry = createRegistry({ store: createMemoryStore(), clock, reach: createReach({ resolver }) });
  await registry.open();
  scheduler = createProbeScheduler({ registry, probe: createProbers({ resolver }), clock, random: Math.random });
  scheduler.start();
  ticking = setInterval(() => registry.tick(), TICK_MS);
});

afterEach(async () => {
  clearInterval(ticking);
  await scheduler.stop();
  await registry.close();
  resolver.close();
});

async function register(host: string, port: number): Promise<InstanceView> {
  const { revision, registeredAtMs, ...draft } = recordOf(host, port, [{ kind: 'http', intervalMs: 200, timeoutMs: 2_000 }]);
  expect(await registry.submit({ kind: 'register', draft, identical: 'replace' })).toMatchObject({ kind: 'registered' });
  return view(draft.id);
}

function view(id: InstanceId): InstanceView {
  const instance = registry.instance(id);
  if (instance === undefined) throw new Error(`${id} is not there`);
  return instance;
}

async function until(what: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + DEADLINE_MS;
  while (!what()) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${DEADLINE_MS} ms: ${String(what)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('a service that stops answering leaves discovery, and comes back when it answers', async () => {
  let status = 200;
  const server = createServer((_request, response) => response.writeHead(status).end());
  const port = await listen(server);
  const { record } = await register('localhost', port);
  expect(view(record.id)).toMatchObject({ status: 'up', checks: [{ state: 'unknown' }] });

  await until(() => view(record.id).checks[0]?.state === 'passing');
  status = 503;
  await until(() => !view(record.id).discoverable);
  expect(view(record.id)).toMatchObject({ status: 'failing', checks: [{ state: 'failing', lastOutput: 'http 503' }] });
  status = 200;
  await until(() => view(record.id).discoverable);
  expect(scheduler.figures.failures).toBeGreaterThan(0);
  await shut(server);
});

test('asked for now, the registry knows it at once; deregistered, it is probed no more', async () => {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.end();
  });
  const port = await listen(server);
  const { record, ref } = await register('127.0.0.1', port);
  expect(await scheduler.probeNow(ref, 0)).toEqual({ state: 'passing', output: 'http 200' });
  await until(() => view(record.id).checks[0]?.state === 'passing');
  await until(() => asked >= 3);

  await registry.submit({ kind: 'deregister', id: record.id });
  expect(scheduler.figures.checks).toBe(0);
  expect(await scheduler.probeNow(ref, 0)).toBeUndefined();
  await until(() => scheduler.figures.inFlight === 0);
  await shut(server);
});

test('what was registered before the start is probed too', async () => {
  await scheduler.stop();
  const server = createServer((_request, response) => response.end());
  const { record } = await register('0.0.0.0', await listen(server));
  scheduler = createProbeScheduler({ registry, probe: createProbers({ resolver }), clock, random: Math.random });
  scheduler.start();
  await until(() => view(record.id).checks[0]?.state === 'passing');
  await shut(server);
});
