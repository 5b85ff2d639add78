import { type Store, StoreError } from '@rollcall/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { refusal } from '../../src/dialects/classic/errors.ts';
import { infiniDialect } from '../../src/dialects/infini/routes.ts';
import { createMemoryStore } from '../../src/store/memory.ts';
import { BY_HOST, BY_URL, type ClassicHouse, openClassicHouse } from './classic-house.ts';
import { aForeignDraft } from './drafts.ts';
import { readFixtures, replay } from './replay.ts';

let house: ClassicHouse;
beforeEach(async () => {
  house = await openClassicHouse();
});
afterEach(() => house.close());

describe('fixtures', () => {
  for (const fixture of readFixtures(new URL('../../src/dialects/classic/fixtures/', import.meta.url))) {
    test(`${fixture.file}: ${fixture.title}`, () => replay(fixture, house.url));
  }
});

describe('an answer that is kept', () => {
  test('never hides a change, and shows a heartbeat within a second', async () => {
    const first = await house.register(BY_URL);
    expect(await house.ids('users')).toEqual([first]);
    const second = await house.register(BY_URL);
    expect(await house.ids('users')).toEqual([first, second]);
    await house.ask('DELETE', `/deregister/${first}`);
    expect(await house.ids('users')).toEqual([second]);

    const before = (await house.shown('users'))[0]?.last_heartbeat;
    await house.advance(1_100);
    await house.heartbeat(second);
    const after = (await house.shown('users'))[0]?.last_heartbeat;
    expect(Date.parse(String(after)) - Date.parse(String(before))).toBe(1_100);
  });

  test('is another one for ?all=true, in any spelling of it', async () => {
    await house.register(BY_URL);
    await house.advance(31_000);
    expect(await house.shown('users')).toEqual([]);
    for (const query of ['?all=true', '?all=True', '?all=1', '?all=false&all=true'])
      expect(await house.shown('users', query)).toHaveLength(1);
    for (const query of ['?all=false', '?all=', '?all', '?other=true']) expect(await house.shown('users', query)).toEqual([]);
    expect((await house.ask('GET', '/services')).body).toEqual({ users: { service_name: 'users', instances: [], count: 0 } });
    expect((await house.ask('GET', '/services?all=true')).body).toMatchObject({ users: { count: 1 } });
  });
});

describe('beside the infini dialect', () => {
  const INFINI = { name: 'llm/1', host: '10.0.0.7', port: 8_000, hostname: 'gpu-1', url: 'https://llm.example/v1/', status: 'running' };

  test('its registrations show with all fields, live by heartbeats from here, and can be deregistered here', async () => {
    const infini = await house.listen(infiniDialect);
    await fetch(`${infini}/services`, { method: 'POST', body: JSON.stringify(INFINI) });
    expect(await house.shown('llm/1')).toMatchObject([
      {
        service_id: 'llm/1',
        instance_id: 'llm/1',
        service_name: 'llm/1',
        base_url: 'https://llm.example/v1/',
        host: '10.0.0.7',
        port: 8_000,
        status: 'healthy',
        metadata: {},
        health_endpoint: '/health',
      },
    ]);
    await house.advance(100_000);
    expect(await house.heartbeat('llm/1')).toBe(200);
    await house.advance(100_000);
    expect(await house.ids('llm/1')).toEqual(['llm/1']);
    expect((await house.ask('DELETE', '/deregister/llm%2F1')).status).toBe(200);
    expect((await fetch(`${infini}/services/llm%2F1`)).status).toBe(404);
  });

  test('ours show there', async () => {
    const id = await house.register(BY_HOST);
    const infini = await house.listen(infiniDialect);
    expect(await (await fetch(`${infini}/services`)).json()).toMatchObject({
      total: 1,
      services: [{ name: `billing@${id}`, url: 'http://billing-1:8500' }],
    });
  });
});

describe('long lists', () => {
  const MANY = 6_000;

  async function registerMany(service: (index: number) => string): Promise<void> {
    const drafts = Array.from({ length: MANY }, (_, index) => aForeignDraft(`id-${index}`, { service: service(index) }));
    await Promise.all(drafts.map((draft) => house.registry.submit({ kind: 'register', draft, identical: 'replace' })));
  }

  test('of one service are whole', async () => {
    await registerMany(() => 'many');
    expect(new Set(await house.ids('many')).size).toBe(MANY);
    await house.advance(31_000);
    expect(await house.shown('many', '?all=true')).toHaveLength(MANY);
  });

  test('of all services are whole, and let others through meanwhile', async () => {
    await registerMany((index) => `service-${index}`);
    const list = house.ask('GET', '/services');
    expect((await house.ask('GET', '/services/service-7')).status).toBe(200);
    expect(Object.keys((await list).body as object)).toHaveLength(MANY);
    const { services } = (await house.ask('GET', '/status')).body as { services: object };
    expect(Object.keys(services)).toHaveLength(MANY);
  });

  test('end early without harm when the client goes', async () => {
    await registerMany(() => 'many');
    for (let round = 0; round < 5; round += 1) {
      const abort = new AbortController();
      const response = await fetch(`${house.url}/services`, { signal: abort.signal });
      abort.abort();
      await response.text().catch(() => undefined);
    }
    expect((await house.ask('GET', '/health')).status).toBe(200);
  });
});

describe('a store that fails', () => {
  function failing(outcome: StoreError['outcome']): Store {
    const refuse = async (): Promise<never> => {
      throw new StoreError(outcome, 'the disk is full');
    };
    return { ...createMemoryStore(), commit: refuse, recover: refuse };
  }

  test.each(['unavailable', 'outcome-unknown'] as const)('makes a registration 503 %s with the reason; reads go on', async (outcome) => {
    await house.close();
    house = await openClassicHouse({ store: failing(outcome) });
    const { status, headers, body } = await house.ask('POST', '/register', BY_URL);
    expect({ status, retryAfter: headers.get('retry-after') }).toEqual({ status: 503, retryAfter: '1' });
    expect(body).toEqual({ detail: expect.stringContaining('the disk is full') as string, code: outcome });
    const removed = await house.ask('DELETE', '/deregister/someone');
    expect({ status: removed.status, retryAfter: removed.headers.get('retry-after') }).toEqual({ status: 503, retryAfter: '1' });
    expect((await house.ask('GET', '/services')).body).toEqual({});
  });
});

test('every refusal of the core has a status', () => {
  expect(refusal({ code: 'unknown-instance', id: 'x' }).status).toBe(404);
  expect(refusal({ code: 'other-dialect', id: 'x', dialect: 'infini' }).status).toBe(409);
  expect(refusal({ code: 'revision-moved', id: 'x', revision: 7 }).status).toBe(409);
  expect(refusal({ code: 'limit-reached', limit: 'instances', max: 7 })).toMatchObject({
    status: 507,
    body: { detail: expect.stringContaining('7 instances') as string },
  });
});

describe('for people and machines', () => {
  test('/ says what this is and where its endpoints are, as JSON or as a page', async () => {
    const { headers, body } = await house.ask('GET', '/');
    expect(headers.get('content-type')).toContain('application/json');
    const { endpoints } = body as { endpoints: Record<string, string> };
    const page = await fetch(house.url, { headers: { accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' } });
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    for (const endpoint of Object.keys(endpoints)) expect(html).toContain(endpoint.split(' ')[1]);
  });

  test('/metrics is Prometheus text', async () => {
    const response = await fetch(`${house.url}/metrics`);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/plain; version=0.0.4');
  });
});
