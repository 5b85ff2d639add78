import { Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js';
import { createServer } from 'node:net';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { isActive } from '../../src/probe/check-aim.ts';
import { decodeServing, encodeRequest, HEALTH_CHECK_PATH } from '../../src/probe/grpc.ts';
import { createProbers, createResolver } from '../../src/probe/index.ts';
import { listen, realClock, recordOf, shut, specOf } from './fixtures.ts';
import { selfSigned } from './self-signed.ts';

const resolver = createResolver({ clock: realClock });
const probeOf = createProbers({ resolver });
const cleanups: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

interface Asked {
  readonly service: Buffer;
}

/** A real gRPC server that answers every health check by `answer`; without one it knows no such method. */
async function serve(
  answer?: handleUnaryCall<Asked, Buffer>,
  credentials = ServerCredentials.createInsecure(),
  host = '127.0.0.1',
): Promise<number> {
  const server = new Server();
  if (answer !== undefined) {
    const check = {
      path: HEALTH_CHECK_PATH,
      requestStream: false,
      responseStream: false,
      requestDeserialize: (bytes: Buffer): Asked => ({ service: bytes }),
      requestSerialize: ({ service }: Asked) => service,
      responseSerialize: (bytes: Buffer) => bytes,
      responseDeserialize: (bytes: Buffer) => bytes,
    } as const;
    server.addService({ check }, { check: answer });
  }
  cleanups.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:0`, credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

function says(serving: number): handleUnaryCall<Asked, Buffer> {
  return (_call, done) => done(null, serving === 0 ? Buffer.alloc(0) : Buffer.from([8, serving]));
}

function probe(port: number, { host = '127.0.0.1', service = '', timeoutMs = 20_000, scheme = 'grpc' } = {}) {
  const spec = specOf({ kind: 'grpc', service, timeoutMs });
  if (!isActive(spec)) throw new Error('not an active check');
  return probeOf(recordOf(host, port, [], scheme), spec, new AbortController().signal);
}

describe('grpc', () => {
  test('SERVING is well', async () => {
    expect(await probe(await serve(says(1)))).toEqual({ state: 'passing', output: 'grpc SERVING' });
  });

  test.each([
    [0, 'UNKNOWN'],
    [2, 'NOT_SERVING'],
    [3, 'SERVICE_UNKNOWN'],
    [99, 'UNKNOWN'],
  ])('%i (%s) is not', async (serving, name) => {
    expect(await probe(await serve(says(serving)))).toEqual({ state: 'failing', output: `grpc ${name}` });
  });

  test('asks for the service that the check names', async () => {
    const asked: Buffer[] = [];
    const port = await serve((call, done) => {
      asked.push(call.request.service);
      done(null, Buffer.from([8, 1]));
    });
    await probe(port, { service: 'chat.v1.Chat' });
    await probe(port);
    expect(asked.map((bytes) => bytes.toString('latin1'))).toEqual(['\x0a\x0cchat.v1.Chat', '']);
  });

  test('a server without health checks, one that does not know the service, and one that is unwell', async () => {
    expect(await probe(await serve())).toEqual({ state: 'failing', output: 'grpc UNIMPLEMENTED' });
    const notFound = await serve((_call, done) => done({ code: status.NOT_FOUND, details: 'secret text' }));
    expect(await probe(notFound, { service: 'x' })).toEqual({ state: 'failing', output: 'grpc NOT_FOUND' });
    const unwell = await serve((_call, done) => done({ code: status.UNAVAILABLE, details: 'secret text' }));
    expect(await probe(unwell)).toEqual({ state: 'failing', output: 'grpc UNAVAILABLE' });
  });

  test('one that hangs is given up in time', async () => {
    expect(await probe(await serve(() => {}), { timeoutMs: 300 })).toEqual({ state: 'failing', output: 'timeout' });
  });

  test('nobody listens, or what listens does not speak it', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).resume());
    const port = await listen(server);
    expect(await probe(port, { timeoutMs: 300 })).toEqual({ state: 'failing', output: 'timeout' });
    // Ends only when the probe has left no connection.
    await shut(server);
    expect(await probe(port)).toEqual({ state: 'failing', output: 'refused' });
    expect(await probe(port, { host: 'localhost' })).toEqual({ state: 'failing', output: 'refused' });
  });

  test('an HTTP server, and one that speaks something else', async () => {
    for (const said of ['HTTP/1.1 400 Bad Request\r\n\r\n', 'SSH-2.0-OpenSSH_9.2\r\n']) {
      const server = createServer((socket) => {
        socket.on('error', () => {}).resume();
        socket.write(said);
      });
      const port = await listen(server);
      expect(await probe(port)).toEqual({ state: 'failing', output: 'bad answer' });
      await shut(server);
    }
    const server = createServer((socket) => socket.on('error', () => {}).destroy());
    expect(await probe(await listen(server))).toEqual({ state: 'failing', output: 'reset' });
    await shut(server);
  });

  test('this machine is reached over both families', async () => {
    expect(await probe(await serve(says(1)), { host: '0.0.0.0' })).toEqual({ state: 'passing', output: 'grpc SERVING' });
    const port = await serve(says(1), ServerCredentials.createInsecure(), '[::1]');
    expect(await probe(port, { host: '0.0.0.0' })).toEqual({ state: 'passing', output: 'grpc SERVING' });
    expect(await probe(port, { host: '::1' })).toEqual({ state: 'passing', output: 'grpc SERVING' });
  });

  test('over TLS with a certificate that signs itself', async () => {
    const pair = { private_key: Buffer.from(selfSigned.key), cert_chain: Buffer.from(selfSigned.cert) };
    const port = await serve(says(1), ServerCredentials.createSsl(null, [pair]));
    expect(await probe(port, { scheme: 'https' })).toEqual({ state: 'passing', output: 'grpc SERVING' });
  });

  test('an answer beyond the bound is not taken', async () => {
    const port = await serve((_call, done) => done(null, Buffer.alloc(100_000, 8)));
    expect(await probe(port)).toEqual({ state: 'failing', output: 'bad answer' });
  });
});

describe('its messages', () => {
  test('a request says what protobuf would: tag, length, text', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400, unit: 'grapheme' }), (service) => {
        const bytes = encodeRequest(service);
        if (service === '') {
          expect(bytes).toHaveLength(0);
          return;
        }
        const text = Buffer.from(service);
        expect(bytes.subarray(bytes.length - text.length)).toEqual(text);
        expect(bytes[0]).toBe(0x0a);
        let length = 0;
        for (const [index, byte] of [...bytes.subarray(1, bytes.length - text.length)].entries()) length |= (byte & 0x7f) << (7 * index);
        expect(length).toBe(text.length);
      }),
    );
  });

  test('a response may be anything; only a status is one', () => {
    expect(decodeServing(Buffer.from([8, 1]))).toBe(1);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => {
        if (bytes[0] !== 8) expect(decodeServing(Buffer.from(bytes))).toBe(0);
      }),
    );
  });
});
