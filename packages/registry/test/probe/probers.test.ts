import { afterEach, describe, expect, test } from 'vitest';
import type { Resolution } from '../../src/probe/index.ts';
import { cleanUp, deadPort, names, probe, serveHttp, serveRaw } from './servers.ts';

afterEach(cleanUp);

describe('tcp', () => {
  test('whoever accepts is well', async () => {
    const { port, ended } = await serveRaw(() => {});
    expect(await probe('127.0.0.1', port, { kind: 'tcp' })).toEqual({ state: 'passing', output: 'accepted' });
    await ended;
  });

  test('refused', async () => {
    expect(await probe('127.0.0.1', await deadPort(), { kind: 'tcp' })).toEqual({ state: 'failing', output: 'refused' });
  });

  test('of several addresses the first that accepts will do; when none does, the first one speaks', async () => {
    const { port } = await serveRaw(() => {});
    const resolve = names({ some: ['127.0.0.2', '127.0.0.1'], none: ['127.0.0.2', '127.0.0.3'] });
    expect(await probe('some', port, { kind: 'tcp' }, { resolve })).toEqual({ state: 'passing', output: 'accepted' });
    expect(await probe('none', port, { kind: 'tcp' }, { resolve })).toEqual({ state: 'failing', output: 'refused' });
  });
});

describe('this machine', () => {
  test.each(['0.0.0.0', '::', 'localhost'])('%s is reached over IPv4', async (host) => {
    const port = await serveHttp((_request, response) => response.end(), '127.0.0.1');
    expect(await probe(host, port, { kind: 'http' })).toEqual({ state: 'passing', output: 'http 200' });
    expect(await probe('10.0.0.1', 1, { kind: 'http', url: `http://${host === '::' ? '[::]' : host}:${port}/health` })).toEqual({
      state: 'passing',
      output: 'http 200',
    });
  });

  test.each(['0.0.0.0', '::', 'localhost'])('%s is reached over IPv6', async (host) => {
    const port = await serveHttp((_request, response) => response.end(), '::1');
    expect(await probe(host, port, { kind: 'http' })).toEqual({ state: 'passing', output: 'http 200' });
    expect(await probe(host, port, { kind: 'tcp' })).toEqual({ state: 'passing', output: 'accepted' });
  });

  test('nothing there is refused', async () => {
    expect(await probe('0.0.0.0', await deadPort('::1'), { kind: 'tcp' })).toEqual({ state: 'failing', output: 'refused' });
  });
});

describe('before anything is connected to', () => {
  test.each(['169.254.169.254', '::ffff:169.254.169.254', '224.0.0.1', 'fe80::1'])(
    '%s is a forbidden target, by any kind of check',
    async (host) => {
      for (const kind of ['http', 'tcp', 'grpc'] as const) {
        expect(await probe(host, 80, { kind })).toEqual({ state: 'failing', output: 'forbidden target' });
      }
    },
  );

  test('what is connected to is what was judged: a name is asked for once', async () => {
    const port = await serveHttp((_request, response) => response.end());
    const answers = [['127.0.0.1'], ['169.254.169.254']];
    let asked = 0;
    const resolve = (): Promise<Resolution> => {
      asked += 1;
      return Promise.resolve({ kind: 'addresses', addresses: answers.shift() ?? [] });
    };
    expect(await probe('rebinds', port, { kind: 'http' }, { resolve })).toEqual({ state: 'passing', output: 'http 200' });
    expect(asked).toBe(1);
    expect(await probe('rebinds', port, { kind: 'http' }, { resolve })).toEqual({ state: 'failing', output: 'forbidden target' });
  });

  test('a URL that cannot be read, a name that leads nowhere, a name that takes too long', async () => {
    expect(await probe('127.0.0.1', 1, { kind: 'http', url: 'nonsense' })).toEqual({ state: 'failing', output: 'bad url' });
    expect(await probe('name', 1, { kind: 'tcp' }, { resolve: () => Promise.resolve({ kind: 'missing' }) })).toEqual({
      state: 'failing',
      output: 'dns',
    });
    expect(await probe('name', 1, { kind: 'tcp', timeoutMs: 50 }, { resolve: () => new Promise<Resolution>(() => {}) })).toEqual({
      state: 'failing',
      output: 'timeout',
    });
  });

  test('an aborted probe says nothing, and cuts its connection', async () => {
    const abort = new AbortController();
    const { port, ended } = await serveRaw((socket) => socket.once('data', () => abort.abort()));
    expect(await probe('127.0.0.1', port, { kind: 'http' }, { signal: abort.signal })).toBeUndefined();
    await ended;
    expect(await probe('127.0.0.1', port, { kind: 'http' }, { signal: abort.signal })).toBeUndefined();
  });

  test('being out of descriptors ourselves is held against nobody', async () => {
    const { outcomeOf } = await import('../../src/probe/outcome.ts');
    for (const code of ['EMFILE', 'ENFILE', 'ENOBUFS', 'EADDRNOTAVAIL'])
      expect(outcomeOf(Object.assign(new Error(code), { code }))).toBeUndefined();
  });
});
