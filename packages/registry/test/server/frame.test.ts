import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { DRAIN_BYTES, PARAM_CHARS, serverLimits } from '../../src/server/limits.ts';
import { createEcho, open, openEcho } from './echo.ts';
import { openRaw, request, sendRaw } from './raw.ts';

describe('a body', () => {
  test.each([undefined, '', 'application/json', 'text/plain', 'application/x-www-form-urlencoded', 'garbage', ';;;', 'a/b/c; x', '\u00e9'])(
    'is read as JSON with content type %j',
    async (type) => {
      const { port } = await openEcho();
      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type };
      expect(await sendRaw(port, request('POST', '/echo', '{"a":1}', headers))).toMatchObject({ status: 200, body: { body: { a: 1 } } });
    },
  );

  test('may come in chunks, and in pieces', async () => {
    const { port } = await openEcho();
    const connection = await openRaw(port);
    for (const piece of ['POST /ec', 'ho HTTP/1.1\r\nTransfer-Enc', 'oding: chunked\r\n\r\n3\r\n{"a', '\r\n4\r\n":1}\r\n', '0\r\n\r\n']) {
      connection.write(piece);
      await delay(2);
    }
    expect(await connection.answer()).toMatchObject({ status: 200, body: { body: { a: 1 } } });
    connection.socket.destroy();
  });

  test('of a GET or DELETE is ignored, whatever it is', async () => {
    const { port } = await openEcho();
    const connection = await openRaw(port);
    const headers = { 'content-type': 'garbage/' };
    connection.write(request('DELETE', '/echo', '{', headers));
    connection.write(request('GET', '/names/a', '{'.repeat(100), headers));
    connection.write(request('GET', '/names/b'));
    expect(await connection.answer()).toMatchObject({ status: 200, body: { body: null } });
    expect(await connection.answer()).toMatchObject({ status: 200, body: { name: 'a' } });
    expect(await connection.answer()).toMatchObject({ status: 200, body: { name: 'b' } });
    connection.socket.destroy();
  });

  test.each(['{', '', '\u0000', 'x'.repeat(2 * serverLimits.bodyBytes)])('that is no JSON is none where any body will do', async (body) => {
    const { port } = await openEcho();
    expect(await sendRaw(port, request('POST', '/any', body))).toMatchObject({ status: 200, body: { body: null } });
  });

  test('over the limit is refused, with a length or in chunks, and the connection goes on', async () => {
    const { port } = await openEcho();
    const large = 'x'.repeat(2 * serverLimits.bodyBytes);
    const chunked = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    const connection = await openRaw(port);
    connection.write(request('POST', '/echo', large));
    expect(await connection.answer()).toMatchObject({ status: 413, body: { shape: 'echo', code: 'too-large' } });
    connection.write(`POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`);
    expect(await connection.answer()).toMatchObject({ status: 413 });
    connection.write(request('GET', '/names/next'));
    expect(await connection.answer()).toMatchObject({ status: 200, body: { name: 'next' } });
    connection.socket.destroy();
  });

  test('that announces to be huge ends the connection after the answer', async () => {
    const { port } = await openEcho();
    const connection = await openRaw(port);
    connection.write(request('POST', '/echo', '', { 'content-length': String(DRAIN_BYTES + 1) }));
    expect(await connection.answer()).toMatchObject({ status: 413, headers: { connection: 'close' } });
    await connection.closed();
  });

  test('just within the limit is taken', async () => {
    const { port } = await openEcho({ bodyBytes: 10 });
    expect(await sendRaw(port, request('POST', '/echo', '"12345678"'))).toMatchObject({ status: 200 });
    expect(await sendRaw(port, request('POST', '/echo', '"123456789"'))).toMatchObject({ status: 413 });
  });
});

describe('an error', () => {
  test('has the shape and type of the dialect that the path belongs to', async () => {
    const { url } = await openEcho();
    const missing = await fetch(`${url}/nothing?x=1`);
    expect({ status: missing.status, body: await missing.json() }).toMatchObject({
      status: 404,
      body: { shape: 'echo', code: 'not-found' },
    });
    const otherMissing = await fetch(`${url}/other/nothing`, { method: 'POST', body: '{' });
    expect(otherMissing.headers.get('content-type')).toBe('application/problem+json');
    expect(await otherMissing.json()).toMatchObject({ shape: 'other', status: 404 });
  });

  test('of a method that the path does not know names those it knows', async () => {
    const { url } = await openEcho();
    const response = await fetch(`${url}/names/a`, { method: 'PATCH', body: '{' });
    expect({ status: response.status, allow: response.headers.get('allow') }).toEqual({ status: 405, allow: 'GET, HEAD' });
    expect(await response.json()).toMatchObject({ shape: 'echo', code: 'method-not-allowed' });
  });

  test('of percent-encoding is 400, of a path too long 414', async () => {
    const { port } = await openEcho();
    for (const path of ['/names/%zz', '/names/%e0%a4%a', '/names/%ff']) {
      expect(await sendRaw(port, request('GET', path))).toMatchObject({ status: 400, body: { shape: 'echo', code: 'bad-request' } });
    }
    expect(await sendRaw(port, request('GET', `/names/${'x'.repeat(10_000)}`))).toMatchObject({ status: 414, body: { shape: 'echo' } });
    expect(await sendRaw(port, request('GET', `/names/${'x'.repeat(100_000)}`))).toMatchObject({ status: 431, body: { shape: 'echo' } });
  });

  test('does not meet a name of the greatest length, however it is encoded', async () => {
    const { port } = await openEcho();
    const name = '日'.repeat(255) + '@' + '本'.repeat(255);
    expect(encodeURIComponent(name).length).toBeLessThanOrEqual(PARAM_CHARS);
    expect(await sendRaw(port, request('GET', `/names/${encodeURIComponent(name)}`))).toMatchObject({ status: 200, body: { name } });
  });

  test.each(['/bug', '/late-bug'])('of ours at %s is logged and answered 500, and the next request works', async (path) => {
    const logged: string[] = [];
    const { url } = await open(createEcho().dialect, { log: { error: (_fields, message) => void logged.push(message) } });
    const response = await fetch(`${url}${path}`);
    expect({ status: response.status, body: await response.json() }).toMatchObject({
      status: 500,
      body: { shape: 'echo', code: 'internal' },
    });
    expect(logged).toHaveLength(1);
    expect((await fetch(`${url}/names/a`)).status).toBe(200);
  });
});

test('HTTP/1.0, no Host, HEAD, an expectation and a trailing slash all work', async () => {
  const { port } = await openEcho();
  expect(await sendRaw(port, 'GET /names/a HTTP/1.0\r\n\r\n')).toMatchObject({ status: 200, headers: { connection: 'close' } });
  expect(await sendRaw(port, 'GET /names/a/ HTTP/1.1\r\n\r\n')).toMatchObject({ status: 200, body: { name: 'a' } });
  expect(await sendRaw(port, request('POST', '/echo', '1', { expect: '100-continue' }))).toMatchObject({ status: 200, body: { body: 1 } });
  expect(await sendRaw(port, request('POST', '/echo', '1', { expect: 'wonders' }))).toMatchObject({ status: 200, body: { body: 1 } });
});

describe('recording', () => {
  test('names dialect and operation, once a request, and counts what was refused', async () => {
    const seen: string[] = [];
    const echo = createEcho();
    const { url } = await open(echo.dialect, {
      record: (dialect, name) => (tookMs) => {
        expect(tookMs).toBeGreaterThanOrEqual(0);
        seen.push(`${dialect} ${name}`);
      },
    });
    await fetch(`${url}/names/a`);
    await fetch(`${url}/late-bug`);
    await fetch(`${url}/other`);
    await fetch(`${url}/other/nothing`);
    expect(seen).toEqual(['classic name', 'classic late-bug', 'classic refused', 'native other', 'native refused']);
  });
});
