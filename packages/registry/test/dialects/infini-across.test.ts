import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { classicDialect } from '../../src/dialects/classic/routes.ts';
import { anyForeignDraft, registerForeign } from './drafts.ts';
import { type House, openHouse } from './house.ts';
import { parseAsRouter } from './original-router.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const BODY = { name: 'billing', host: '10.0.0.7', port: 8_000, hostname: 'box-1', url: 'http://10.0.0.7:8000', status: 'running' };
const pathOf = (name: string) => `/services/${encodeURIComponent(name)}`;

async function listed(query = ''): Promise<ReturnType<typeof parseAsRouter>> {
  return parseAsRouter(await (await fetch(`${house.url}/services${query}`)).text());
}

describe('the original router', () => {
  test('can read the list whatever has been registered, through whichever dialect', async () => {
    const body = fc.record({
      name: fc.string({ minLength: 1, maxLength: 30 }),
      host: fc.oneof(fc.domain(), fc.ipV6(), fc.constantFrom('0.0.0.0', 'localhost', '[::1]')),
      port: fc.integer({ min: -1, max: 65_536 }),
      hostname: fc.string({ unit: 'grapheme', maxLength: 30 }),
      url: fc.oneof(fc.webUrl(), fc.string({ maxLength: 30 })),
      status: fc.constantFrom('running', 'starting', 'busy'),
      metadata: fc.oneof(fc.constant(null), fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.string())),
      weight: fc.oneof(fc.constant(null), fc.double(), fc.nat()),
      timestamp: fc.jsonValue(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(body, { maxLength: 5 }), fc.array(anyForeignDraft, { maxLength: 5 }), async (bodies, drafts) => {
        for (const sent of bodies) expect([201, 400]).toContain((await house.ask('POST', '/services', sent)).status);
        for (const draft of drafts) await house.registry.submit({ kind: 'register', draft, identical: 'replace' });
        expect(await listed()).toHaveLength(house.registry.counts.instances);
        const healthy = await listed('?healthy=true');
        expect(healthy).toHaveLength(house.registry.counts.discoverable);
        for (const entry of healthy) expect(entry).toMatchObject({ is_healthy: true, status: 'running' });
      }),
      { numRuns: 60 },
    );
  });

  test('finds a foreign instance with models as a backend', async () => {
    await registerForeign(house.registry, 'id-1', { models: ['m-1'], weight: 1.5, metadata: { gpu: 'a100' } });
    expect(await listed('?healthy=true')).toMatchObject([
      { name: 'search@id-1', weight: 2, metadata: { type: 'openai-api', gpu: 'a100', models: ['m-1'], models_list: [{ id: 'm-1' }] } },
    ]);
  });
});

describe('an instance of another dialect', () => {
  beforeEach(() => registerForeign(house.registry, 'id-1'));

  test('is read under its service and id, and not under its bare id', async () => {
    expect((await house.ask('GET', '/services/search@id-1')).body).toMatchObject({
      name: 'search@id-1',
      hostname: 'far.example',
      port: 80,
    });
    for (const name of ['id-1', 'other@id-1', 'search', 'search@', '@id-1']) {
      expect((await house.ask('GET', pathOf(name))).status).toBe(404);
      expect((await house.ask('PUT', pathOf(name), {})).status).toBe(404);
      expect((await house.ask('POST', `${pathOf(name)}/heartbeat`)).status).toBe(404);
      expect((await house.ask('DELETE', pathOf(name))).status).toBe(404);
    }
    expect(house.registry.counts.instances).toBe(1);
  });

  test('is found where service and id hold an @ themselves', async () => {
    await registerForeign(house.registry, 'i@d', { service: 's@v' });
    expect((await house.ask('GET', pathOf('s@v@i@d'))).body).toMatchObject({ name: 's@v@i@d' });
  });

  test('is updated, and its address and URL stay together', async () => {
    const { status, body } = await house.ask('PUT', '/services/search@id-1', {
      url: 'https://new.example/v1',
      weight: 4,
      metadata: { a: 1 },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      message: "Service 'search@id-1' updated successfully",
      service: { host: 'new.example', port: 443, url: 'https://new.example/v1', weight: 4, metadata: { a: 1 } },
    });
    expect((await house.ask('GET', '/api/v1/instances/id-1')).body).toMatchObject({ dialect: 'classic', service: 'search', weight: 4 });
  });

  test('is renewed by a heartbeat under that name', async () => {
    await house.advance(25_000);
    expect((await house.ask('POST', '/services/search@id-1/heartbeat')).status).toBe(200);
    await house.advance(25_000);
    expect((await house.ask('GET', '/services/search@id-1')).body).toMatchObject({ is_healthy: true });
  });

  test('is deleted', async () => {
    expect((await house.ask('DELETE', '/services/search@id-1')).status).toBe(200);
    expect(house.registry.counts.instances).toBe(0);
  });

  test('gives way to a name that is registered literally', async () => {
    await house.ask('POST', '/services', { ...BODY, name: 'search@id-1' });
    expect((await house.ask('GET', '/services/search@id-1')).body).toMatchObject({ host: '10.0.0.7' });
    await house.ask('DELETE', '/services/search@id-1');
    expect((await house.ask('GET', '/services/search@id-1')).body).toMatchObject({ host: 'far.example' });
  });

  test('that lives by its checks goes on doing so when it is asked for its health', async () => {
    await house.close();
    house = await openHouse({ probeNow: async () => ({ state: 'passing' }) });
    await registerForeign(house.registry, 'id-2', {
      lease: { ttlMs: 30_000, removeAfterMs: 30_000, renewedBy: 'check', revivable: true },
      checks: [{ name: 'health', kind: 'http', path: '/', intervalMs: 1_000, timeoutMs: 1_000, rise: 1, fall: 1, gates: true }],
    });
    expect((await house.ask('GET', '/services/search@id-2/health')).body).toMatchObject({ health_status: 'healthy' });
    const view = house.registry.instance('id-2' as never);
    expect(view).toBeDefined();
    await house.advance(20_000);
    if (view !== undefined) house.registry.observe(view.ref, 0, { state: 'passing' });
    await house.advance(20_000);
    expect((await house.ask('GET', '/services/search@id-2')).status).toBe(200);
  });
});

test('a registration of this dialect is seen through the native API, with its models', async () => {
  await house.ask('POST', '/services', { ...BODY, metadata: { type: 'openai-api', models: ['m-1'] } });
  expect((await house.ask('GET', '/api/v1/instances?model=m-1')).body).toMatchObject({
    instances: [{ id: 'billing', service: 'billing', dialect: 'infini', node: 'box-1', status: 'up', models: ['m-1'], url: BODY.url }],
  });
  expect((await house.ask('DELETE', '/api/v1/instances/billing')).status).toBe(204);
  expect((await house.ask('GET', '/services/billing')).status).toBe(404);
});

describe('through the classic dialect', () => {
  let classic: string;
  beforeEach(async () => {
    classic = await house.listen(classicDialect);
  });

  async function askClassic(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }> {
    const response = await fetch(`${classic}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  }

  test('a registration of there is listed, updated and deleted here', async () => {
    const { body: registered } = await askClassic('POST', '/register', { service_name: 'search', base_url: 'http://10.0.0.9:9000' });
    const name = `search@${String(registered['instance_id'])}`;
    expect(await listed('?healthy=true')).toMatchObject([
      { name, host: '10.0.0.9', port: 9_000, url: 'http://10.0.0.9:9000', status: 'running' },
    ]);
    expect((await house.ask('PUT', pathOf(name), { port: 9_001 })).body).toMatchObject({ service: { url: 'http://10.0.0.9:9001' } });
    expect((await askClassic('GET', '/services/search')).body).toMatchObject({
      instances: [{ base_url: 'http://10.0.0.9:9001', port: 9_001 }],
    });
    expect((await house.ask('DELETE', pathOf(name))).status).toBe(200);
    expect((await askClassic('POST', `/heartbeat/${String(registered['instance_id'])}`)).status).toBe(404);
  });

  test('a registration of here is found there while it is healthy', async () => {
    await house.ask('POST', '/services', BODY);
    expect((await askClassic('GET', '/services/billing')).body).toMatchObject({
      count: 1,
      instances: [{ instance_id: 'billing', base_url: 'http://10.0.0.7:8000' }],
    });
    await house.ask('POST', '/services/billing/heartbeat', { status: 'stopping' });
    expect((await askClassic('GET', '/services/billing')).status).toBe(404);
  });
});
