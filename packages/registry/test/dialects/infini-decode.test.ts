import type { InstanceRecord, JsonObject } from '@rollcall/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeFilter, decodeHeartbeat, decodeRegistration, decodeUpdate } from '../../src/dialects/infini/decode.ts';
import { aRecord } from './views.ts';

const TIMES = { healthIntervalMs: 30_000, healthTimeoutMs: 5_000 };
const BODY = { name: 'qwen-8000', host: '10.0.0.7', port: 8_000, hostname: 'box-1', url: 'http://10.0.0.7:8000', status: 'running' };

const register = (changes: object = {}) => decodeRegistration({ ...BODY, ...changes }, TIMES);

describe('a registration', () => {
  test('is one instance with its name as id and service, its lease and one check that only informs', () => {
    expect(register()).toEqual({
      id: 'qwen-8000',
      service: 'qwen-8000',
      dialect: 'infini',
      node: 'box-1',
      address: { scheme: 'http', host: '10.0.0.7', port: 8_000, path: '' },
      tags: [],
      metadata: {},
      weight: 1,
      models: [],
      declaredStatus: 'running',
      lease: { ttlMs: 120_000, removeAfterMs: 300_000, renewedBy: 'heartbeat', revivable: true },
      checks: [
        {
          name: 'health',
          kind: 'http',
          path: '/health',
          intervalMs: 30_000,
          timeoutMs: 5_000,
          rise: 1,
          fall: 1,
          gates: false,
        },
      ],
    });
  });

  test.each(Object.keys(BODY))('without %s, or with null for it, says which field is missing', (field) => {
    const { [field as keyof typeof BODY]: _, ...rest } = BODY;
    expect(() => decodeRegistration(rest, TIMES)).toThrow(`Missing required field: ${field}`);
    expect(() => register({ [field]: null })).toThrow(`Missing required field: ${field}`);
  });

  test.each([
    ['name', ''],
    ['name', 'a'.repeat(256)],
    ['name', 'a\0b'],
    ['name', '\ud800'],
    ['host', 5],
    ['port', '8000'],
    ['port', 65_536],
    ['port', -1],
    ['port', 80.5],
    ['port', 1e9],
    ['port', true],
    ['hostname', {}],
    ['url', ['http://x']],
    ['status', false],
    ['weight', -1],
    ['weight', '1'],
    ['weight', 4_294_967_296],
    ['metadata', []],
    ['metadata', 'x'],
    ['metadata', { long: 'x'.repeat(65_536) }],
    ['metadata', nested(17)],
  ])('with a wrong %s (case %#) says which field is wrong', (field, value) => {
    expect(() => register({ [field]: value })).toThrow(`Invalid field: ${field} must be`);
  });

  test('takes every port there is, 0 too, and metadata as deep as allowed', () => {
    expect(register({ port: 0 }).address.port).toBe(0);
    expect(register({ port: 65_535 }).address.port).toBe(65_535);
    expect(register({ metadata: nested(16) }).metadata).toEqual(nested(16));
  });

  test('takes null for no metadata and no weight, and ignores a timestamp and what it does not know', () => {
    expect(register({ metadata: null, weight: null, timestamp: 7, constructor: 'x' })).toEqual(register());
  });

  test.each([null, [], 'text', 7, undefined])('that is no object (case %#) is refused', (body) => {
    expect(() => decodeRegistration(body, TIMES)).toThrow('Invalid JSON');
  });

  test('keeps a URL that means something else than host and port, as it was written', () => {
    const draft = register({ url: 'https://Gateway.example/models/' });
    expect(draft.url).toBe('https://Gateway.example/models/');
    expect(draft.address).toEqual({ scheme: 'https', host: '10.0.0.7', port: 8_000, path: '' });
    expect(register({ url: 'http://10.0.0.7:8000/v2' }).address.path).toBe('/v2');
    expect(register({ url: 'not a url' }).url).toBe('not a url');
  });

  test('of a model server offers its models, from ids and from objects', () => {
    const metadata = { type: 'openai-api', models: ['a', 'b', 7, ''], models_list: [{ id: 'b' }, { id: 'c', object: 'model' }, null, 'd'] };
    expect(register({ metadata }).models).toEqual(['a', 'b', 'c']);
    expect(register({ metadata: { ...metadata, type: 'babysitter' } }).models).toEqual([]);
  });
});

describe('the background check asks', () => {
  const target = (changes: object) => register(changes).checks[0];

  test('a model server at its babysitter, one port above', () => {
    expect(target({ metadata: { type: 'openai-api' } })).toMatchObject({ port: 8_001, path: '/health' });
    expect(target({ metadata: { type: 'openai-api' } })).not.toHaveProperty('url');
  });

  test('a babysitter over http, also when the server speaks https', () => {
    expect(target({ metadata: { type: 'openai-api' }, url: 'https://10.0.0.7:8000' })).toMatchObject({
      url: 'http://10.0.0.7:8001/health',
    });
  });

  test('a model server at the last port at its own URL', () => {
    expect(target({ port: 65_535, metadata: { type: 'openai-api' }, url: 'http://10.0.0.7:65535' })).toMatchObject({ path: '/health' });
    expect(target({ port: 65_535, metadata: { type: 'openai-api' }, url: 'http://10.0.0.7:65535' })).not.toHaveProperty('port');
  });

  test('everything else below its URL', () => {
    expect(target({ url: 'http://10.0.0.7:8000/v2' })).toMatchObject({ path: '/v2/health' });
    expect(target({ url: 'http://other:99/x/' })).toMatchObject({ url: 'http://other:99/x/health' });
  });
});

describe('an update', () => {
  const own = (): InstanceRecord => ({ ...aRecord(), ...register() });
  const update = (body: unknown, record = own()) => decodeUpdate(body, record, TIMES);

  test('changes just what it names; nulls and a name are ignored', () => {
    expect(
      update({ name: 'other', host: null, port: null, url: null, metadata: null, weight: null, status: null, hostname: null }),
    ).toEqual({});
    expect(update({ status: 'starting', weight: 2, hostname: 'box-2' })).toEqual({ declaredStatus: 'starting', weight: 2, node: 'box-2' });
  });

  test('of host or port leaves the URL as it was and moves the check to it', () => {
    const patch = update({ port: 9_000, metadata: { type: 'openai-api' } });
    expect(patch).toMatchObject({ address: { host: '10.0.0.7', port: 9_000 }, url: 'http://10.0.0.7:8000' });
    expect(patch.checks?.[0]).toMatchObject({ port: 9_001 });
    expect(update({ host: 'other' }).checks?.[0]).toMatchObject({ url: 'http://10.0.0.7:8000/health' });
  });

  test('of the metadata replaces it as a whole, with models and check', () => {
    const record = { ...own(), metadata: { old: true } };
    const patch = update({ metadata: { type: 'openai-api', models: ['m'] } }, record);
    expect(patch).toMatchObject({ metadata: { type: 'openai-api', models: ['m'] }, models: ['m'] });
    expect(patch.checks?.[0]).toMatchObject({ port: 8_001 });
  });

  test('of host, port and URL together is the same as registering so', () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65_535 }), fc.constantFrom('', '/v1'), (host, port, path) => {
        const place = { host, port, url: `http://${host}:${port}${path}` };
        const patched = { ...own(), ...update(place) };
        const { address, url, checks } = register(place);
        expect(patched).toMatchObject({ address, checks });
        expect(patched.url ?? place.url).toBe(url ?? place.url);
      }),
    );
  });

  test('of an instance of another dialect keeps its URL and its address together, and its checks', () => {
    const foreign = aRecord({
      dialect: 'classic',
      url: 'http://old.example',
      address: { scheme: 'http', host: 'old.example', port: 80, path: '' },
    });
    expect(update({ url: 'https://new.example/a' }, foreign)).toEqual({
      address: { scheme: 'https', host: 'new.example', port: 443, path: '/a' },
      url: 'https://new.example/a',
    });
    expect(update({ port: 81 }, foreign)).toEqual({ address: { ...foreign.address, port: 81 }, url: 'http://old.example:81' });
  });

  test('with a wrong value is refused as a registration is', () => {
    expect(() => update({ port: '80' })).toThrow('Invalid field: port');
    expect(() => update([])).toThrow('Invalid JSON');
  });
});

test.each([
  [{ status: 'starting' }, 'starting'],
  [{ status: 5 }, undefined],
  [{ status: '' }, undefined],
  [['status'], undefined],
  ['status', undefined],
  [null, undefined],
  [undefined, undefined],
])('a heartbeat of %j says %j', (body, status) => {
  expect(decodeHeartbeat(body)).toBe(status);
});

test.each([
  [{}, { healthy: false }],
  [{ healthy: 'true' }, { healthy: true }],
  [
    { healthy: 'TRUE', status: 'running' },
    { healthy: true, status: 'running' },
  ],
  [{ healthy: 'false' }, { healthy: false }],
  [{ healthy: '1' }, { healthy: false }],
  [{ healthy: ['true', 'false'] }, { healthy: true }],
  [{ status: '' }, { healthy: false }],
])('the query %j asks for %j', (query, filter) => {
  expect(decodeFilter(query)).toEqual(filter);
});

function nested(levels: number): JsonObject {
  return levels === 1 ? {} : { in: nested(levels - 1) };
}
