import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import type { DialectContext } from '../../src/server/dialect.ts';
import { openListener } from '../../src/server/frame.ts';
import { serverLimits } from '../../src/server/limits.ts';
import { createEcho, open, openEcho, other } from './echo.ts';
import { openRaw, request, sendRaw } from './raw.ts';

describe('what is no HTTP', () => {
  test.each([
    'garbage\r\n\r\n',
    'GET / HTTX/1.1\r\n\r\n',
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

  test('that keeps coming is answered once, and nothing is kept for each piece of it', async () => {
    const { port, release, arrived } = await openEcho();
    const warnings: Error[] = [];
    const onWarning = (warning: Error): number => warnings.push(warning);
    process.on('warning', onWarning);
    const connection = await openRaw(port);
    connection.write(request('GET', '/slow'));
    await arrived;
    for (let piece = 0; piece < 20; piece += 1) {
      connection.write('garbage\r\n\r\n');
      await delay(5);
    }
    release();
    expect(await connection.answer()).toMatchObject({ status: 200, body: { slow: true } });
    expect(await connection.answer()).toMatchObject({ status: 400 });
    expect(await connection.answer()).toBeUndefined();
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
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
    await expect(fetch(`${url}/names/a`)).rejects.toThrow('fetch failed');
    release();
    expect(await busy.answer()).toMatchObject({ status: 200, body: { slow: true } });
    await Promise.all([busy.closed(), closed]);
  });

  test('tells whoever still asks on a busy connection that it will close', async () => {
    const { port, listener, release, arrived } = await openEcho();
    const busy = await openRaw(port);
    busy.write(request('GET', '/slow'));
    await arrived;
    const closed = listener.close();
    busy.write(request('GET', '/names/a'));
    release();
    expect(await busy.answer()).toMatchObject({ status: 200, body: { slow: true } });
    expect(await busy.answer()).toMatchObject({ status: 200, headers: { connection: 'close' } });
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
