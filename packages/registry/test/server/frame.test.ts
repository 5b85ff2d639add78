import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { type Dialect, type DialectContext, operation } from '../../src/server/dialect.ts';
import { type Listener, type ListenerOptions, openListener } from '../../src/server/frame.ts';
import { DRAIN_BYTES, PARAM_CHARS, serverLimits } from '../../src/server/limits.ts';
import { openRaw, request, sendRaw } from './raw.ts';

const listeners: Listener[] = [];
afterEach(() => Promise.all(listeners.splice(0).map((listener) => listener.close())));

/** Answers what it was asked; a slow route waits until `release` is called. */
function createEcho() {
  const released = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const dialect: Dialect = {
    name: 'classic',
    owns: (path) => !path.startsWith('/other'),
    errorBody: (status, message, code) => ({ shape: 'echo', status, message, code }),
    routes(app: FastifyInstance) {
      app.get<{ Params: { name: string } }>('/names/:name', operation('name'), ({ params }, reply) => reply.send(params));
      app.post('/echo', operation('echo'), ({ body }, reply) => reply.send({ body: body ?? null }));
      app.post('/any', operation('any', { anyBody: true }), ({ body }, reply) => reply.send({ body: body ?? null }));
      app.delete('/echo', operation('delete'), ({ body }, reply) => reply.send({ body: body ?? null }));
      app.get('/bug', operation('bug'), () => {
        throw new TypeError('a bug');
      });
      app.get('/late-bug', operation('late-bug'), async () => {
        await delay(1);
        throw new TypeError('a bug');
      });
      app.get('/slow', operation('slow'), async () => {
        arrived.resolve();
        await released.promise;
        return { slow: true };
      });
      app.get('/long', operation('long'), (_request, reply) => reply.send(Buffer.alloc(50_000_000, 'x')));
    },
  };
  return { dialect, release: released.resolve, arrived: arrived.promise };
}

const other: Dialect = {
  name: 'native',
  owns: (path) => path.startsWith('/other'),
  errorBody: (status, message) => ({ shape: 'other', status, message }),
  errorType: 'application/problem+json',
  routes: (app) => void app.get('/other', operation('other'), (_request, reply) => reply.send({})),
};

async function open(dialect: Dialect, options: Omit<Partial<ListenerOptions>, 'limits'> & { limits?: Partial<typeof serverLimits> } = {}) {
  const listener = await openListener({
    host: '127.0.0.1',
    port: 0,
    dialects: [dialect, other],
    context: {} as DialectContext,
    ...options,
    limits: { ...serverLimits, ...options.limits },
  });
  listeners.push(listener);
  const { port } = listener.address;
  return { listener, port, url: `http://127.0.0.1:${port}` };
}

async function openEcho(limits: Partial<typeof serverLimits> = {}) {
  const echo = createEcho();
  return { ...echo, ...(await open(echo.dialect, { limits })) };
}

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

describe('what is no HTTP', () => {
  test.each([
    'garbage\r\n\r\n',
    'GET /\r\n\r\n',
    '\u0000\u0000',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    'GET / HTTP/1.1\r\nA\u0000: b\r\n\r\n',
  ])('%j is answered 400 in the first dialect, and the connection closed', async (bytes) => {
    const { port } = await openEcho();
    const connection = await openRaw(port);
    connection.write(bytes);
    expect(await connection.answer()).toMatchObject({ status: 400, headers: { connection: 'close' }, body: { shape: 'echo' } });
    await connection.closed();
  });

  test('behind good requests is answered after them', async () => {
    const { port, release, arrived } = await openEcho();
    const connection = await openRaw(port);
    connection.write(Buffer.concat([request('GET', '/slow'), request('POST', '/echo', '1'), Buffer.from('garbage\r\n\r\n')]));
    await arrived;
    release();
    expect(await connection.answer()).toMatchObject({ status: 200, body: { slow: true } });
    expect(await connection.answer()).toMatchObject({ status: 200, body: { body: 1 } });
    expect(await connection.answer()).toMatchObject({ status: 400, body: { shape: 'echo' } });
    await connection.closed();
  });

  test('in the middle of a body is answered 400', async () => {
    const { port } = await openEcho();
    const connection = await openRaw(port);
    connection.write('POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\nzz\r\n');
    expect(await connection.answer()).toMatchObject({ status: 400, body: { shape: 'echo' } });
    await connection.closed();
  });
});

describe('a slow client', () => {
  const LIMITS = { headersTimeoutMs: 300, requestTimeoutMs: 600 };

  test.each([
    ['headers that never end', 'GET / HTTP/1.1\r\nA: b\r\n'],
    ['a body that never comes', 'POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"a"'],
    ['chunks that never end', 'POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n'],
  ])('with %s is answered 408 and cut off', async (_what, bytes) => {
    const { port } = await openEcho(LIMITS);
    const connection = await openRaw(port);
    connection.write(bytes);
    expect(await connection.answer()).toMatchObject({ status: 408, body: { shape: 'echo', code: 'timeout' } });
    await connection.closed();
  });

  test('that says nothing at all is cut off', async () => {
    const { port } = await openEcho(LIMITS);
    await (await openRaw(port)).closed();
  });

  test('that drips a byte at a time is cut off, and others are served meanwhile', async () => {
    const { port, url } = await openEcho(LIMITS);
    const connection = await openRaw(port);
    connection.write('GET / HTTP/1.1\r\n');
    const drip = setInterval(() => connection.write('A: b\r\n'), 20);
    expect((await fetch(`${url}/names/a`)).status).toBe(200);
    await connection.closed();
    clearInterval(drip);
  });

  test('that does not read its answer is cut off', async () => {
    const { port } = await openEcho({ idleTimeoutMs: 300 });
    const connection = await openRaw(port);
    connection.socket.pause();
    connection.write(request('GET', '/long'));
    await delay(1_500);
    connection.socket.resume();
    await connection.closed();
    expect(connection.socket.bytesRead).toBeLessThan(50_000_000);
  });

  test('that is quiet between two requests is let go', async () => {
    const { port } = await openEcho({ keepAliveTimeoutMs: 200 });
    const connection = await openRaw(port);
    connection.write(request('GET', '/names/a'));
    expect(await connection.answer()).toMatchObject({ status: 200 });
    await connection.closed();
  });
});

test('one connection too many is closed at once, and there is room again when another goes', async () => {
  const { port } = await openEcho({ maxConnections: 2 });
  const first = await openRaw(port);
  const second = await openRaw(port);
  await (await openRaw(port)).closed();
  first.socket.destroy();
  second.write(request('GET', '/names/second'));
  expect(await second.answer()).toMatchObject({ status: 200 });
  await expect.poll(async () => (await sendRaw(port, request('GET', '/names/third')))?.status).toBe(200);
  second.socket.destroy();
});

test('a client that leaves early leaves nothing behind', async () => {
  const { port, url } = await openEcho();
  for (let round = 0; round < 20; round += 1) {
    const connection = await openRaw(port);
    connection.write('POST /echo HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"a"');
    await delay(1);
    connection.socket.resetAndDestroy();
  }
  expect((await fetch(`${url}/names/a`)).status).toBe(200);
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

describe('closing', () => {
  test('closes idle and silent connections at once, finishes what runs, and accepts nothing new', async () => {
    const { port, url, listener, release, arrived } = await openEcho();
    const idle = await openRaw(port);
    idle.write(request('GET', '/names/a'));
    expect(await idle.answer()).toMatchObject({ status: 200 });
    const silent = await openRaw(port);
    const busy = await openRaw(port);
    busy.write(request('GET', '/slow'));
    await arrived;

    const closed = listener.close();
    await Promise.all([idle.closed(), silent.closed()]);
    await expect(fetch(`${url}/names/a`)).rejects.toThrow();
    release();
    expect(await busy.answer()).toMatchObject({ status: 200, body: { slow: true } });
    await Promise.all([busy.closed(), closed]);
  });

  test('cuts what is not done in time', async () => {
    const { port, listener, arrived } = await openEcho({ stopTimeoutMs: 100 });
    const busy = await openRaw(port);
    busy.write(request('GET', '/slow'));
    await arrived;
    await listener.close();
    expect(await busy.answer()).toBeUndefined();
  });

  test('twice is the same as once', async () => {
    const { listener } = await openEcho();
    await Promise.all([listener.close(), listener.close()]);
    await listener.close();
  });
});

describe('listening', () => {
  test('on localhost answers on every loopback address there is', async () => {
    const { listener } = await open(createEcho().dialect, { host: 'localhost' });
    expect((await fetch(`http://127.0.0.1:${listener.address.port}/names/a`)).status).toBe(200);
    expect((await fetch(`http://localhost:${listener.address.port}/names/a`)).status).toBe(200);
  });

  test('where someone else listens fails, and says so', async () => {
    const { port } = await openEcho();
    await expect(
      openListener({ host: '127.0.0.1', port, dialects: [other], context: {} as DialectContext, limits: serverLimits }),
    ).rejects.toThrow('EADDRINUSE');
  });
});
