import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { InstanceListSchema, InstanceSchema, ProblemSchema, ServiceListSchema, StatusSchema } from '@rollcall/protocol';
import fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { createEmbeddedStore } from '../../src/store/embedded/store.ts';
import { anyForeignDraft, registerForeign } from './drafts.ts';
import { type Answer, type House, openHouse } from './house.ts';
import { readFixtures, replay } from './replay.ts';

let house: House;
beforeEach(async () => {
  house = await openHouse();
});
afterEach(() => house.close());

const instanceList = Compile(InstanceListSchema);
const problem = Compile(ProblemSchema);

function expectProblem({ status, headers, body }: Answer, expected: { status: number; code: string }): void {
  expect(problem.Errors(body)).toEqual([]);
  expect(headers.get('content-type')).toContain('application/problem+json');
  expect({ status, body }).toMatchObject({ status: expected.status, body: expected });
}

/** Follows a list to its end. */
async function allIds(query = ''): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor = ''; ; ) {
    const { body } = await house.ask('GET', `/api/v1/instances?limit=2${query}${cursor}`);
    if (!instanceList.Check(body)) throw new Error(JSON.stringify(instanceList.Errors(body)));
    ids.push(...body.instances.map(({ id }) => id));
    if (body.nextCursor === undefined) return ids;
    cursor = `&cursor=${body.nextCursor}`;
  }
}

describe('fixtures', () => {
  for (const fixture of readFixtures(new URL('../../src/dialects/native/fixtures/', import.meta.url))) {
    test(`${fixture.file}: ${fixture.title}`, () => replay(fixture, house.url));
  }
});

test('every answer has the revision of the view and its age, errors too', async () => {
  await registerForeign(house.registry, 'id-1');
  for (const path of ['/ready', '/api/v1/status', '/api/v1/instances', '/api/v1/instances/nobody', '/api/v1/instances?limit=0']) {
    const { headers } = await house.ask('GET', path);
    expect(headers.get('x-rollcall-revision')).toBe('1');
    expect(headers.get('x-rollcall-stale-ms')).toBe('0');
  }
});

test('GET /api/v1/status says how the registry is', async () => {
  await registerForeign(house.registry, 'id-1');
  await house.advance(2_000);
  const { status, body } = await house.ask('GET', '/api/v1/status');
  expect(status).toBe(200);
  expect(Compile(StatusSchema).Errors(body)).toEqual([]);
  expect(body).toMatchObject({
    store: { kind: 'memory', writable: true },
    revision: 1,
    uptimeMs: 2_000,
    counts: { instances: 1, services: 1 },
  });
  expect((await house.ask('GET', '/ready')).status).toBe(200);
});

test('whatever was registered, an instance is what the schema says', async () => {
  const instance = Compile(InstanceSchema);
  await fc.assert(
    fc.asyncProperty(anyForeignDraft, async (draft) => {
      await house.registry.submit({ kind: 'register', draft, identical: 'replace' });
      const { status, body } = await house.ask('GET', `/api/v1/instances/${encodeURIComponent(draft.id)}`);
      expect(status).toBe(200);
      expect(instance.Errors(body)).toEqual([]);
      expect(body).toMatchObject({ id: draft.id, service: draft.service, dialect: draft.dialect });
    }),
    { numRuns: 50 },
  );
});

describe('lists', () => {
  test('are paged in the order of ids: each instance once, whatever comes and goes between the pages', async () => {
    for (const id of ['d', 'b', 'f', 'a', 'c', 'e']) await registerForeign(house.registry, id);
    const first = await house.ask('GET', '/api/v1/instances?limit=3');
    expect(first.body).toMatchObject({ revision: 6, instances: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] });
    await house.ask('DELETE', '/api/v1/instances/c');
    await registerForeign(house.registry, 'aa');
    const { nextCursor } = first.body as { nextCursor: string };
    const second = await house.ask('GET', `/api/v1/instances?limit=3&cursor=${nextCursor}`);
    expect(second.body).toMatchObject({ instances: [{ id: 'd' }, { id: 'e' }, { id: 'f' }] });
    expect(second.body).not.toHaveProperty('nextCursor');
  });

  test('have everything exactly once at any page size', async () => {
    const ids = fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(ids, async (some) => {
        const before = Array.from(house.registry.instances(), ({ record }) => record.id);
        for (const id of before) await house.registry.submit({ kind: 'deregister', id });
        for (const id of some) await registerForeign(house.registry, id);
        expect(await allIds()).toEqual(some.toSorted((a, b) => (a < b ? -1 : 1)));
      }),
      { numRuns: 30 },
    );
  });

  test('are filtered, and filters combine', async () => {
    await registerForeign(house.registry, 'a', { tags: ['x'], zone: 'z-1', models: ['m'] });
    await registerForeign(house.registry, 'b', { tags: ['x'], declaredStatus: 'starting' });
    await registerForeign(house.registry, 'c', { service: 'other', tags: ['x'] });
    expect(await allIds('&service=search')).toEqual(['a', 'b']);
    expect(await allIds('&service=nobody')).toEqual([]);
    expect(await allIds('&status=stopped')).toEqual(['b']);
    expect(await allIds('&tag=x&status=up')).toEqual(['a', 'c']);
    expect(await allIds('&zone=z-1&model=m')).toEqual(['a']);
  });

  test('of services count their instances', async () => {
    await registerForeign(house.registry, 'a');
    await registerForeign(house.registry, 'b', { declaredStatus: 'starting' });
    await registerForeign(house.registry, 'c', { service: 'other' });
    const { body } = await house.ask('GET', '/api/v1/services');
    expect(Compile(ServiceListSchema).Errors(body)).toEqual([]);
    expect(body).toEqual({
      revision: 3,
      services: [
        { service: 'other', instances: 1, discoverable: 1, revision: 3 },
        { service: 'search', instances: 2, discoverable: 1, revision: 2 },
      ],
    });
    const paged = await house.ask('GET', '/api/v1/services?limit=1');
    expect(paged.body).toMatchObject({ services: [{ service: 'other' }], nextCursor: expect.any(String) as string });
  });

  test.each([
    ['limit=0', 'limit'],
    ['limit=10001', 'limit'],
    ['limit=ten', 'limit'],
    ['status=alive', 'status'],
    ['cursor=*', 'cursor'],
    ['service=a&service=b', 'service'],
  ])('with %s are refused, naming %s', async (query, path) => {
    const answer = await house.ask('GET', `/api/v1/instances?${query}`);
    expectProblem(answer, { status: 400, code: 'invalid' });
    expect(answer.body).toMatchObject({ errors: [{ path }] });
  });
});

describe('an operator', () => {
  test.each(['classic', 'infini', 'native'])('removes a zombie of the %s dialect, and it stays removed', async (dialect) => {
    await registerForeign(house.registry, 'id-1', { dialect });
    expect(await house.ask('DELETE', '/api/v1/instances/id-1')).toMatchObject({ status: 204, body: undefined });
    expectProblem(await house.ask('GET', '/api/v1/instances/id-1'), { status: 404, code: 'unknown-instance' });
    expectProblem(await house.ask('DELETE', '/api/v1/instances/id-1'), { status: 404, code: 'unknown-instance' });
  });

  test('drains one instance with a reason, and lets it serve again', async () => {
    await registerForeign(house.registry, 'id-1');
    const drained = await house.ask('PUT', '/api/v1/instances/id-1/intent', { intent: 'draining', reason: 'new disk' });
    expect(drained).toMatchObject({
      status: 200,
      body: { id: 'id-1', intent: 'draining', intentReason: 'new disk', status: 'draining', discoverable: false },
    });
    const serving = await house.ask('PUT', '/api/v1/instances/id-1/intent', { intent: 'serving' });
    expect(serving).toMatchObject({ status: 200, body: { status: 'up', discoverable: true } });
    expect(serving.body).not.toHaveProperty('intentReason');
  });

  test('drains an address, and what registers there next is drained too', async () => {
    await registerForeign(house.registry, 'id-1');
    await house.ask('PUT', '/api/v1/instances/id-1/intent', { intent: 'maintenance', byAddress: true });
    await house.ask('DELETE', '/api/v1/instances/id-1');
    await registerForeign(house.registry, 'id-2');
    expect((await house.ask('GET', '/api/v1/instances/id-2')).body).toMatchObject({ status: 'maintenance' });
  });

  test('is told what is wrong with an intent', async () => {
    await registerForeign(house.registry, 'id-1');
    const path = '/api/v1/instances/id-1/intent';
    const wrong = await house.ask('PUT', path, { intent: 'asleep', byAddress: 'yes' });
    expectProblem(wrong, { status: 400, code: 'invalid' });
    expect(wrong.body).toMatchObject({
      errors: [{ path: 'intent', message: 'must be one of serving, draining, maintenance' }, { path: 'byAddress' }],
    });
    expect((await house.ask('PUT', path, {})).body).toMatchObject({ errors: [{ path: 'intent', message: 'is missing' }] });
    expectProblem(await house.ask('PUT', path), { status: 400, code: 'invalid' });
    expectProblem(await house.ask('PUT', '/api/v1/instances/nobody/intent', { intent: 'draining' }), {
      status: 404,
      code: 'unknown-instance',
    });
  });
});

describe('GET /api/v1/backup', () => {
  const leftBehind = () => readdirSync(tmpdir()).filter((name) => name.startsWith('rollcall-backup-'));

  async function reopen(options: Parameters<typeof openHouse>[0]): Promise<void> {
    await house.close();
    house = await openHouse(options);
  }

  test('is a copy that any tool opens, and leaves nothing behind', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    const store = createEmbeddedStore({ dir: join(directory, 'data') });
    await reopen({ store, backup: (file) => store.backup?.(file) ?? Promise.reject(new Error('no backup')) });
    await registerForeign(house.registry, 'id-1');
    const before = leftBehind();
    const response = await fetch(`${house.url}/api/v1/backup`);
    expect(response.status).toBe(200);
    const bytes = Buffer.from(await response.arrayBuffer());
    expect(Number(response.headers.get('content-length'))).toBe(bytes.length);
    const copy = join(directory, 'copy.db');
    writeFileSync(copy, bytes);
    const database = new DatabaseSync(copy, { readOnly: true });
    expect(database.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
    database.close();
    expect(leftBehind()).toEqual(before);
  });

  test('is refused plainly where the store has none, and where it fails', async () => {
    expectProblem(await house.ask('GET', '/api/v1/backup'), { status: 501, code: 'no-backup' });
    const before = leftBehind();
    await reopen({ backup: () => Promise.reject(new Error('the disk is full')) });
    expectProblem(await house.ask('GET', '/api/v1/backup'), { status: 503, code: 'unavailable' });
    expect(leftBehind()).toEqual(before);
  });

  test('is made one at a time', async () => {
    let begun = () => {};
    let finish = () => {};
    const running = new Promise<void>((resolve) => (begun = resolve));
    const held = new Promise<void>((resolve) => (finish = resolve));
    await reopen({
      backup: async (file) => {
        begun();
        await held;
        writeFileSync(file, 'copy');
      },
    });
    const first = fetch(`${house.url}/api/v1/backup`);
    await running;
    expectProblem(await house.ask('GET', '/api/v1/backup'), { status: 409, code: 'backup-running' });
    finish();
    expect(await (await first).text()).toBe('copy');
    await expect.poll(async () => (await house.ask('HEAD', '/api/v1/backup')).status).toBe(200);
  });
});

test.each([
  ['GET', '/api/v1/nothing', 404, 'not-found'],
  ['GET', '/api/v1', 404, 'not-found'],
  ['POST', '/api/v1/status', 405, 'method-not-allowed'],
])('%s %s is a problem too: %d', async (method, path, status, code) => {
  expectProblem(await house.ask(method, path), { status, code });
});
