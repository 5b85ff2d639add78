/**
 * Requests at a steady pace beside the load, from this process: heartbeats while reads are measured, or an instance that
 * comes and goes. What is not answered in time is not sent again; failures are thrown at the end.
 */
import { Agent, request } from 'node:http';
import { setInterval } from 'node:timers/promises';
import type { Request } from './load.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
}

/** One request on a kept connection. Rejects when there is no answer. */
export type Ask = (wanted: Omit<Request, 'method'> & { readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' }) => Promise<Answer>;

export function createAsker(port: number): { readonly ask: Ask; readonly close: () => void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  return {
    async ask({ method, path, body = '' }) {
      const { promise, resolve, reject } = Promise.withResolvers<Answer>();
      const headers = body === '' ? {} : { 'content-type': 'application/json' };
      request({ agent, host: '127.0.0.1', port, method, path, headers }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(pieces).toString() }));
      })
        .on('error', reject)
        .end(body);
      return await promise;
    },
    close: () => agent.destroy(),
  };
}

/** Runs `work`; meanwhile calls `step` every `everyMs`, never two at a time. Rejects when a step did. */
export async function meanwhile<T>(everyMs: number, step: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const steps = (async () => {
    for await (const _ of setInterval(everyMs, undefined, { signal: stop.signal })) await step();
  })().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  try {
    // A step that fails ends the measurement's wait, not the measurement.
    const [result] = await Promise.all([work().finally(() => stop.abort()), steps]);
    return result;
  } finally {
    stop.abort();
  }
}
