/** Takes one answer of the registry, for a floor that is to give the same bytes. */
import { request } from 'node:http';
import type { Request } from './load.ts';

export interface Captured {
  readonly status: number;
  /** Names and values in turn, without those that every `node:http` server adds by itself. */
  readonly headers: readonly string[];
  readonly body: string;
}

const BY_ITSELF = new Set(['date', 'connection', 'keep-alive']);

/** Rejects when there is no answer. */
export async function capture(port: number, { method, path, body = '' }: Request): Promise<Captured> {
  const { promise, resolve, reject } = Promise.withResolvers<Captured>();
  const headers = body === '' ? {} : { 'content-type': 'application/json' };
  request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
    const pieces: Buffer[] = [];
    response.on('data', (piece: Buffer) => pieces.push(piece));
    response.on('error', reject);
    response.on('end', () => {
      const kept = response.rawHeaders.flatMap((name, at, all) =>
        at % 2 === 0 && !BY_ITSELF.has(name.toLowerCase()) ? [name, all[at + 1] ?? ''] : [],
      );
      resolve({ status: response.statusCode ?? 0, headers: kept, body: Buffer.concat(pieces).toString() });
    });
  })
    .on('error', reject)
    .end(body);
  return await promise;
}
