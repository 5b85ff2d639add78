import { type Store, StoreError } from '@rollcall/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../src/store/memory.ts';
import { registerForeign } from './drafts.ts';
import { type Answer, type House, openHouse } from './house.ts';
import { parseAsRouter } from './original-router.ts';
import { readFixtures, replay } from './replay.ts';

const BODY = { name: 'billing', host: '10.0.0.7', port: 8_000, hostname: 'box-1', url: 'http://10.0.0.7:8000', status: 'running' };

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const register = (changes: object = {}) => house.ask('POST', '/services', { ...BODY, ...changes });
const get = (name: string) => house.ask('GET', `/services/${encodeURIComponent(name)}`);
const heartbeat = (name: string) => house.ask('POST', `/services/${encodeURIComponent(name)}/heartbeat`);

async function reopen(options: Parameters<typeof openHouse>[0]): Promise<void> {
  await house.close();
  house = await openHouse(options);
}

describe('fixtures', () => {
  for (const fixture of readFixtures(new URL('../../src/dialects/infini/fixtures/', import.meta.url))) {
    test(`${fixture.file}: ${fixture.title}`, () => replay(fixture, house.url));
  }
});

describe('a name', () => {
  test('registered again replaces what was there, and keeps nothing of it', async () => {
    await register({ metadata: { old: true }, weight: 5 });
    expect((await register({ port: 9_000 })).status).toBe(201);
    expect((await get('billing')).body).toMatchObject({ port: 9_000, weight: 1, metadata: {} });
    expect((await house.ask('GET', '/services')).body).toMatchObject({ total: 1 });
  });

  test('registered again just the same is a new registration', async () => {
    await register();
    const before = (await get('billing')).body as { timestamp: string };
    await house.advance(1_000);
    await register();
    const after = (await get('billing')).body as typeof before;
    expect(Date.parse(after.timestamp)).toBe(Date.parse(before.timestamp) + 1_000);
  });

  test.each(['a/b c', 'größe 100 %', '../etc', '__proto__', 'x'.repeat(255), '日本語'.repeat(80), "it's"])('may be %j', async (name) => {
    expect((await register({ name })).body).toMatchObject({ message: `Service '${name}' registered successfully` });
    expect((await get(name)).body).toMatchObject({ name });
    expect((await heartbeat(name)).status).toBe(200);
    expect(await house.ask('DELETE', `/services/${encodeURIComponent(name)}`)).toMatchObject({
      status: 200,
      body: { message: `Service '${name}' unregistered successfully` },
    });
  });

  test('that is the id of an instance of another dialect is refused', async () => {
    await registerForeign(house.registry, 'f-1');
    const { status, body } = await register({ name: 'f-1' });
    expect({ status, body }).toEqual({ status: 409, body: { error: expect.stringContaining('f-1') as string } });
    expect(house.registry.counts.instances).toBe(1);
  });
});

describe('the lease', () => {
  test('without a heartbeat it is unhealthy after 120 s, still listed as running, and removed after 300 s', async () => {
    await register();
    await house.advance(119_000);
    expect((await get('billing')).body).toMatchObject({ is_healthy: true });
    await house.advance(2_000);
    expect((await get('billing')).body).toMatchObject({ is_healthy: false, status: 'running' });
    expect((await house.ask('GET', '/services?healthy=true')).body).toMatchObject({ total: 0 });
    expect((await house.ask('GET', '/services?status=running')).body).toMatchObject({ total: 1 });
    await house.advance(181_000);
    expect((await get('billing')).status).toBe(404);
  });

  test.each(['heartbeat', 'PUT'])('is renewed by a %s', async (by) => {
    await register();
    await house.advance(110_000);
    await (by === 'PUT' ? house.ask('PUT', '/services/billing', {}) : heartbeat('billing'));
    await house.advance(110_000);
    expect((await get('billing')).body).toMatchObject({ is_healthy: true });
  });

  test('a heartbeat brings back one that expired, as it was, but not one that was deleted', async () => {
    await register({ metadata: { kept: 1 } });
    await register({ name: 'deleted' });
    await house.advance(301_000);
    expect((await house.ask('DELETE', '/services/deleted')).status).toBe(404);
    expect((await heartbeat('deleted')).status).toBe(404);
    expect((await heartbeat('billing')).status).toBe(200);
    expect((await get('billing')).body).toMatchObject({ is_healthy: true, metadata: { kept: 1 } });
  });
});

describe('an operator’s intent', () => {
  test.each(['draining', 'maintenance'] as const)('%s shows as the status, and no heartbeat or PUT lifts it', async (intent) => {
    await register();
    await house.ask('PUT', '/api/v1/instances/billing/intent', { intent });
    await house.ask('POST', '/services/billing/heartbeat', { status: 'running' });
    await house.ask('PUT', '/services/billing', { status: 'running' });
    expect((await get('billing')).body).toMatchObject({ status: intent, is_healthy: false });
    await house.ask('PUT', '/api/v1/instances/billing/intent', { intent: 'serving' });
    expect((await get('billing')).body).toMatchObject({ status: 'running', is_healthy: true });
  });
});

describe('GET /services/{name}/health', () => {
  test.each([
    ['passing', 'healthy', true],
    ['failing', 'unhealthy', false],
  ] as const)('asks now: %s is %s, and counts as a heartbeat: %s', async (state, health, counts) => {
    await reopen({ probeNow: async () => ({ state }) });
    await register();
    await house.advance(110_000);
    const before = (await get('billing')).body as { last_heartbeat: number };
    const { status, body } = await house.ask('GET', '/services/billing/health');
    expect(status).toBe(200);
    expect(Object.keys(body as object)).toEqual(['service', 'health_status', 'is_healthy', 'last_heartbeat', 'timestamp']);
    expect(body).toMatchObject({ service: 'billing', health_status: health, is_healthy: true });
    expect((body as typeof before).last_heartbeat > before.last_heartbeat).toBe(counts);
    await house.advance(110_000);
    expect((await get('billing')).body).toMatchObject({ is_healthy: counts });
  });

  test('of one that nobody knows is 404, also when it goes while it is asked', async () => {
    expect((await house.ask('GET', '/services/nobody/health')).body).toEqual({ error: "Service 'nobody' not found" });
    await reopen({
      probeNow: async () => {
        await house.ask('DELETE', '/services/billing');
        return { state: 'passing' };
      },
    });
    await register();
    expect((await house.ask('GET', '/services/billing/health')).status).toBe(404);
    expect((await get('billing')).status).toBe(404);
  });
});

test('more services than fit in one piece are all listed, once each', async () => {
  for (let from = 0; from < 6_000; from += 1_000) {
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => registerForeign(house.registry, `id-${from + index}`)));
  }
  const response = await fetch(`${house.url}/services?healthy=true`);
  expect(response.headers.get('transfer-encoding')).toBe('chunked');
  const entries = parseAsRouter(await response.text());
  expect(new Set(entries.map(({ name }) => name)).size).toBe(6_000);
  expect((await house.ask('GET', '/stats')).body).toMatchObject({ total_services: 6_000, host_distribution: { 'far.example': 6_000 } });
});

test('two PUTs at once, one of the host and one of the port, both count', async () => {
  const memory = createMemoryStore();
  let hold: Promise<void> | undefined;
  let release = () => {};
  let began = () => {};
  await reopen({
    store: {
      ...memory,
      async commit(batch) {
        began();
        await hold;
        await memory.commit(batch);
      },
    },
  });
  await register();
  const begun = new Promise<void>((resolve) => (began = resolve));
  hold = new Promise((resolve) => (release = resolve));
  const first = house.ask('PUT', '/services/billing', { host: '10.0.0.8' });
  await begun;
  const second = house.ask('PUT', '/services/billing', { port: 9_000 });
  // Answered after the second has been read, for they share a connection pool but not a connection.
  await house.ask('GET', '/health');
  await house.ask('GET', '/health');
  release();
  expect((await first).status).toBe(200);
  expect((await second).body).toMatchObject({ service: { host: '10.0.0.8', port: 9_000, url: 'http://10.0.0.7:8000' } });
});

test('while the store is down writes say plainly that nothing happened, and reads and heartbeats go on', async () => {
  const memory = createMemoryStore();
  let down = false;
  const failing: Store = {
    ...memory,
    commit: (batch) => (down ? Promise.reject(new StoreError('unavailable', 'the disk is full')) : memory.commit(batch)),
    recover: () => (down ? Promise.reject(new StoreError('unavailable', 'the disk is full')) : memory.recover()),
  };
  await reopen({ store: failing });
  await register();
  down = true;
  const writes: readonly Answer[] = [
    await register({ name: 'other' }),
    await house.ask('PUT', '/services/billing', { weight: 9 }),
    await house.ask('DELETE', '/services/billing'),
  ];
  for (const { status, headers, body } of writes) {
    expect(status).toBe(503);
    expect(headers.get('retry-after')).toBe('1');
    expect(body).toEqual({ error: expect.stringContaining('the disk is full') as string, code: 'unavailable' });
  }
  expect((await heartbeat('billing')).status).toBe(200);
  expect((await get('billing')).body).toMatchObject({ weight: 1 });
});
