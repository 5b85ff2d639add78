import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { afterEach, describe, expect, test } from 'vitest';
import { selfSigned } from './self-signed.ts';
import { cleanUp, deadPort, names, probe, serve, serveHttp, serveRaw, WELL_WITHIN_MS } from './servers.ts';

afterEach(cleanUp);

describe('http', () => {
  test.each([200, 201, 204, 299])('%i is well', async (status) => {
    const port = await serveHttp((_request, response) => response.writeHead(status).end());
    expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'passing', output: `http ${status}` });
  });

  test.each([301, 302, 304, 400, 404, 418, 500, 503])('%i is not', async (status) => {
    const port = await serveHttp((_request, response) => response.writeHead(status, { location: '/elsewhere' }).end());
    expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'failing', output: `http ${status}` });
  });

  test('asks by GET for the path, as the name that was registered, and closes', async () => {
    const asked: unknown[] = [];
    const port = await serveHttp((request, response) => {
      asked.push([request.method, request.url, request.headers.host, request.headers.connection]);
      response.end();
    });
    await probe('svc.example', port, { kind: 'http', path: '/a/b?c=d e' }, { resolve: names({ 'svc.example': ['127.0.0.1'] }) });
    expect(asked).toEqual([['GET', '/a/b?c=d%20e', `svc.example:${port}`, 'close']]);
  });

  test('a redirect is not followed', async () => {
    let elsewhere = 0;
    const port = await serveHttp((request, response) => {
      if (request.url !== '/health') elsewhere += 1;
      response.writeHead(302, { location: '/well' }).end();
    });
    expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'failing', output: 'http 302' });
    expect(elsewhere).toBe(0);
  });

  test('early hints are not the answer', async () => {
    const port = await serveHttp((_request, response) => {
      response.writeProcessing();
      // Later than the time that a body is waited for.
      setTimeout(() => response.writeHead(503).end(), 400);
    });
    expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'failing', output: 'http 503' });
  });

  test('an endless body is not read: the connection is cut', async () => {
    const { promise: sent, resolve } = Promise.withResolvers<number>();
    const { port } = await serveRaw((socket) => {
      socket.on('close', () => resolve(socket.bytesWritten));
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const piece = `10000\r\n${'x'.repeat(65_536)}\r\n`;
      const more = (): void => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.on('drain', more);
      more();
    });
    expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'passing', output: 'http 200' });
    // What the buffers of both sides hold, and no more.
    expect(await sent).toBeLessThan(16 * 1_048_576);
  });

  test('a body that never comes is not waited for: the status has been said', async () => {
    const { port, ended } = await serveRaw((socket) => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf'));
    expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'passing', output: 'http 200' });
    await ended;
  });

  test('an answer that breaks off in its body had its status', async () => {
    const { port } = await serveRaw((socket) => socket.end('HTTP/1.1 500 No\r\ncontent-length: 10\r\n\r\nhalf'));
    expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'failing', output: 'http 500' });
  });

  test.each([
    ['says nothing', ''],
    ['stops in the status line', 'HTTP/1.1 20'],
    ['stops in the headers', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ])('a server that %s is given up in time, and the connection is cut', async (_what, said) => {
    const { port, ended } = await serveRaw((socket) => socket.write(said));
    expect(await probe('127.0.0.1', port, { kind: 'http', timeoutMs: 200 })).toEqual({ state: 'failing', output: 'timeout' });
    await ended;
  });

  test('headers that trickle in are timed as a whole', async () => {
    const { port } = await serveRaw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x-more: 1\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
    });
    expect(await probe('127.0.0.1', port, { kind: 'http', timeoutMs: 300 })).toEqual({ state: 'failing', output: 'timeout' });
  });

  test('headers without end are refused', async () => {
    const { port } = await serveRaw((socket) => {
      socket.write(`HTTP/1.1 200 OK\r\n${`x-more: ${'y'.repeat(1_000)}\r\n`.repeat(100)}`);
    });
    expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'failing', output: 'bad answer' });
  });

  test('what does not speak HTTP is a bad answer', async () => {
    const { port } = await serveRaw((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n'));
    expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'failing', output: 'bad answer' });
  });

  test('a connection that is reset, or closed without a word', async () => {
    const reset = await serveRaw((socket) => socket.once('data', () => socket.resetAndDestroy()));
    expect(await probe('127.0.0.1', reset.port, { kind: 'http' })).toEqual({ state: 'failing', output: 'reset' });
    const closed = await serveRaw((socket) => socket.once('data', () => socket.end()));
    expect(await probe('127.0.0.1', closed.port, { kind: 'http' })).toEqual({ state: 'failing', output: 'reset' });
    let connections = 0;
    const atOnce = await serveRaw((socket) => {
      connections += 1;
      socket.destroy();
    });
    expect(await probe('127.0.0.1', atOnce.port, { kind: 'http' })).toEqual({ state: 'failing', output: 'reset' });
    expect(connections).toBe(1);
  });

  test('nobody listens', async () => {
    expect(await probe('127.0.0.1', await deadPort(), { kind: 'http' })).toEqual({ state: 'failing', output: 'refused' });
  });

  test('a proxy in the environment is not asked', async () => {
    let asked = 0;
    const proxyPort = await serveHttp((_request, response) => {
      asked += 1;
      response.writeHead(500).end();
    });
    const port = await serveHttp((_request, response) => response.end());
    const proxy = `http://127.0.0.1:${proxyPort}`;
    const before = { ...process.env };
    Object.assign(process.env, { HTTP_PROXY: proxy, http_proxy: proxy, grpc_proxy: proxy, NO_PROXY: '', no_proxy: '' });
    try {
      expect(await probe('127.0.0.1', port, { kind: 'http' })).toEqual({ state: 'passing', output: 'http 200' });
      await probe('127.0.0.1', port, { kind: 'grpc', timeoutMs: 500 });
    } finally {
      for (const name of ['HTTP_PROXY', 'http_proxy', 'grpc_proxy', 'NO_PROXY', 'no_proxy']) {
        if (before[name] === undefined) delete process.env[name];
        else process.env[name] = before[name];
      }
    }
    expect(asked).toBe(0);
  });

  test('a certificate that signs itself, for another name, will do', async () => {
    const server = createHttpsServer(selfSigned, (_request, response) => response.end());
    const port = await serve(server);
    expect(await probe('127.0.0.1', port, { kind: 'http' }, { scheme: 'https' })).toEqual({ state: 'passing', output: 'http 200' });
    expect(await probe('127.0.0.1', 1, { kind: 'http', url: `https://localhost:${port}/` })).toEqual({
      state: 'passing',
      output: 'http 200',
    });
  });

  test('no TLS where TLS was registered, and the other way round', async () => {
    const plain = await serveHttp((_request, response) => response.end());
    expect(await probe('127.0.0.1', plain, { kind: 'http' }, { scheme: 'https' })).toEqual({ state: 'failing', output: 'tls' });
    const secure = await serve(createHttpsServer(selfSigned));
    expect(await probe('127.0.0.1', secure, { kind: 'http' })).toMatchObject({ state: 'failing' });
    const { port, ended } = await serveRaw(() => {});
    expect(await probe('127.0.0.1', port, { kind: 'http', timeoutMs: 200 }, { scheme: 'https' })).toEqual({
      state: 'failing',
      output: 'timeout',
    });
    await ended;
  });

  test('leaves no connection open, whatever came of it', async () => {
    const server = createHttpServer((request, response) => {
      if (request.url === '/never') return;
      response.end('x'.repeat(request.url === '/big' ? 1_000_000 : 10));
    });
    const port = await serve(server);
    for (const path of ['/', '/big', '/never']) {
      await Promise.all(Array.from({ length: 10 }, () => probe('127.0.0.1', port, { kind: 'http', path, timeoutMs: 500 })));
    }
    const deadline = performance.now() + WELL_WITHIN_MS;
    const open = (): Promise<number> => new Promise((resolve) => server.getConnections((_error, count) => resolve(count)));
    while ((await open()) > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await open()).toBe(0);
  });
});
