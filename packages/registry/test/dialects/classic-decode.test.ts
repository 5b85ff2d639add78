import type { InstanceDraft, InstanceId } from '@rollcall/core';
import { describe, expect, test } from 'vitest';
import { decodeRegistration } from '../../src/dialects/classic/decode.ts';
import { InvalidBody } from '../../src/dialects/classic/errors.ts';

const SETTINGS = {
  heartbeatTimeoutMs: 7_000,
  serviceTtlMs: 90_000,
  check: { intervalMs: 11_000, timeoutMs: 2_000, failures: 4 },
  cleanupIntervalMs: 5_000,
};
const BY_URL = { service_name: 'users', base_url: 'http://localhost:8000' };
const BY_HOST = { name: 'billing', host: 'billing-1', port: 8_500 };

const decode = (body: unknown): InstanceDraft => decodeRegistration(body, 'id-1' as InstanceId, SETTINGS);

/** The fields that are named as bad. */
function badFields(body: unknown): string[] {
  try {
    decode(body);
  } catch (error) {
    if (error instanceof InvalidBody) return error.errors.map(({ loc }) => loc.join('.'));
    throw error;
  }
  return [];
}

describe('liveness', () => {
  test('by base_url: heartbeats alone, within the heartbeat timeout', () => {
    expect(decode(BY_URL)).toMatchObject({
      lease: { ttlMs: 7_000, removeAfterMs: 12_000, renewedBy: 'heartbeat', revivable: false },
      checks: [],
    });
  });

  test('by host and port: the service TTL, a gating check that renews, and a way back', () => {
    expect(decode(BY_HOST)).toMatchObject({
      lease: { ttlMs: 90_000, removeAfterMs: 95_000, renewedBy: 'check', revivable: true },
      checks: [{ kind: 'http', name: 'health', path: '/health', intervalMs: 11_000, timeoutMs: 2_000, rise: 1, fall: 4, gates: true }],
    });
  });
});

describe('which shape', () => {
  test.each([
    ['all of both: the one whose clients send heartbeats', { ...BY_URL, ...BY_HOST }, 'users'],
    ['host and port, and a base_url without its service_name', { ...BY_HOST, base_url: 'http://x:1' }, 'billing'],
    ['base_url, and some of the other', { ...BY_URL, name: 'n', port: 'no' }, 'users'],
    ['host and port, and a null base_url', { ...BY_HOST, service_name: 'n', base_url: null }, 'billing'],
  ])('%s', (_what, body, service) => {
    expect(decode(body).service).toBe(service);
  });

  test.each([
    [{}, ['body.service_name', 'body.base_url', 'body.name', 'body.host', 'body.port']],
    [{ other: 1 }, ['body.service_name', 'body.base_url', 'body.name', 'body.host', 'body.port']],
    [{ service_name: 'users' }, ['body.base_url']],
    [{ base_url: 'http://x' }, ['body.service_name']],
    [{ name: 'n' }, ['body.host', 'body.port']],
    [{ name: 'n', port: 1 }, ['body.host']],
    [{ name: null, host: 'h', port: 1 }, ['body.name']],
    [{ name: 'n', base_url: 'http://x' }, ['body.service_name']],
    [{ service_name: 'n', host: 'h', port: 1 }, ['body.name']],
    [undefined, ['body']],
    [null, ['body']],
    [[BY_URL], ['body']],
    ['text', ['body']],
    [7, ['body']],
  ])('%j is neither, and lacks %j', (body, fields) => {
    expect(badFields(body)).toEqual(fields);
  });

  test('every bad field is named, not only the first', () => {
    const body = { name: '', host: 'a b', port: '80', health_endpoint: 'health', metadata: [] };
    expect(badFields(body)).toEqual(['body.name', 'body.host', 'body.port', 'body.health_endpoint', 'body.metadata']);
  });
});

describe('a base_url', () => {
  test.each([
    ['http://localhost:8000', 'http', 'localhost', 8_000, ''],
    ['http://localhost:8000/', 'http', 'localhost', 8_000, ''],
    ['http://10.0.0.1', 'http', '10.0.0.1', 80, ''],
    ['https://Users.Example.COM/api/v2/', 'https', 'users.example.com', 443, '/api/v2'],
    ['http://[::1]:8000', 'http', '::1', 8_000, ''],
    ['HTTP://user:secret@host:1?x=1#y', 'http', 'host', 1, ''],
  ])('%s is %s, %s, %i, %j', (base_url, scheme, host, port, path) => {
    const { address, url } = decode({ ...BY_URL, base_url });
    expect(address).toEqual({ scheme, host, port, path });
    expect(url ?? `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}${path}`).toBe(base_url);
  });

  test.each([
    '',
    'localhost:8000',
    '/users',
    'ftp://host:21',
    'http://',
    'http:///path',
    'http:host',
    'http://host:0',
    'http://host:65536',
    'http://host:x',
    'http://ho st',
    ' http://host',
    'http://host\n',
    'http://host\u0000',
    'http://[::1',
    'http:\\\\host',
    `http://${'x'.repeat(2_050)}`,
    80,
    null,
    true,
    {},
    ['http://host'],
    'javascript:alert(1)',
  ])('is not %j', (base_url) => {
    expect(badFields({ ...BY_URL, base_url })).toEqual(['body.base_url']);
  });
});

describe('a host', () => {
  test.each([
    ['billing-1', 'billing-1'],
    ['my_service', 'my_service'],
    ['a.b.example.com', 'a.b.example.com'],
    ['a.b.example.com.', 'a.b.example.com.'],
    ['10.0.0.1', '10.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['::1', '::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['größe.example', 'größe.example'],
    ['Localhost', 'Localhost'],
  ])('may be %s', (host, kept) => {
    expect(decode({ ...BY_HOST, host }).address).toEqual({ scheme: 'http', host: kept, port: 8_500, path: '' });
  });

  test.each([
    '',
    ' ',
    'a b',
    'http://host',
    'host:80',
    'host/path',
    'user@host',
    'host?',
    'host#',
    '[host]',
    '[::1',
    '::1]',
    ':::',
    'fe80::1%eth0',
    '-x',
    'x\u0000',
    'x\n',
    'x'.repeat(256),
    7,
    true,
    {},
    [],
  ])('is not %j', (host) => {
    expect(badFields({ ...BY_HOST, host })).toEqual(['body.host']);
  });
});

describe('a health_endpoint', () => {
  test.each(['/', '/health', '/a/b?c=d&e', '/%20'])('may be %s', (health_endpoint) => {
    expect(decode({ ...BY_HOST, health_endpoint }).checks).toMatchObject([{ path: health_endpoint }]);
  });

  test.each([
    '',
    'health',
    'http://elsewhere/health',
    '//elsewhere/health',
    '/\\elsewhere',
    '/a b',
    '/a\nb',
    '/a\u0000',
    '/ü',
    `/${'x'.repeat(2_048)}`,
    7,
    {},
  ])('is not %j', (health_endpoint) => {
    expect(badFields({ ...BY_HOST, health_endpoint })).toEqual(['body.health_endpoint']);
  });

  test('is /health when it is not sent, or null', () => {
    expect(decode({ ...BY_HOST, health_endpoint: null }).checks).toMatchObject([{ path: '/health' }]);
  });
});

describe('metadata', () => {
  const nested = (levels: number): unknown => (levels === 0 ? 1 : { a: nested(levels - 1) });

  test('may be an object, null or absent', () => {
    expect(decode({ ...BY_HOST, metadata: { version: '1.0.0', n: [1, null] } }).metadata).toEqual({ version: '1.0.0', n: [1, null] });
    expect(decode({ ...BY_HOST, metadata: null }).metadata).toEqual({});
    expect(decode(BY_HOST).metadata).toEqual({});
  });

  test('may be 16 levels deep and 65,536 characters long', () => {
    expect(badFields({ ...BY_HOST, metadata: nested(16) })).toEqual([]);
    expect(badFields({ ...BY_HOST, metadata: nested(17) })).toEqual(['body.metadata']);
    const around = JSON.stringify({ a: '' }).length;
    expect(badFields({ ...BY_HOST, metadata: { a: 'x'.repeat(65_536 - around) } })).toEqual([]);
    expect(badFields({ ...BY_HOST, metadata: { a: 'x'.repeat(65_537 - around) } })).toEqual(['body.metadata']);
  });

  test.each([[[]], ['text'], [7], [true], [{ a: 'x\u0000' }], [{ 'x\u0000': 1 }], [{ a: [{ b: '\u0000' }] }]])('is not %j', (metadata) => {
    expect(badFields({ ...BY_HOST, metadata })).toEqual(['body.metadata']);
  });
});
