/**
 * The HTTP probe: one GET, well when the answer is 2xx. The status line decides; redirects are answers like any other and are
 * not followed.
 *
 * Each probe has a connection of its own, made to a judged address and closed after the answer: nothing is pooled, so nothing
 * grows and nothing stale is reused. Proxies of the environment are not used. Of the body at most 4 KiB are read, for at most
 * 250 ms, so that a small answer ends politely and an endless one ends.
 */
import type { Socket } from 'node:net';
import { Client } from 'undici';
import type { Aim } from './check-aim.ts';
import { dial } from './dial.ts';
import { encrypt } from './encrypt.ts';
import { orEnded } from './ended.ts';
import { failing, type Outcome, passing } from './outcome.ts';

const MAX_BODY_BYTES = 4_096;
const DRAIN_MS = 250;
const MAX_HEADER_BYTES = 16_384;
const HEADERS = { 'user-agent': 'rollcall-probe', accept: '*/*' };

/** Rejects with what `outcomeOf` understands. */
export async function probeHttp(aim: Extract<Aim, { kind: 'http' }>, addresses: readonly string[], signal: AbortSignal): Promise<Outcome> {
  const socket = await dial(addresses, aim.port, signal);
  try {
    const connection = aim.secure ? await encrypt(socket, aim.host, 'http/1.1', signal) : socket;
    const status = await askStatus(aim, connection, signal);
    return status >= 200 && status < 300 ? passing(`http ${status}`) : failing(`http ${status}`);
  } finally {
    socket.destroy();
  }
}

async function askStatus(aim: Extract<Aim, { kind: 'http' }>, connection: Socket, signal: AbortSignal): Promise<number> {
  const client = new Client(aim.origin, {
    allowH2: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    // Time is kept by the signal.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: handOut(connection),
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  let status: number | undefined;
  let bodyBytes = 0;
  let drain: NodeJS.Timeout | undefined;

  function answered(): void {
    if (status !== undefined) resolve(status);
  }

  client.dispatch(
    { path: aim.path, method: 'GET', headers: HEADERS, reset: true },
    {
      onRequestStart() {},
      onResponseStart(_controller, code) {
        if (code < 200) return;
        status = code;
        drain = setTimeout(answered, DRAIN_MS);
      },
      onResponseData(_controller, chunk) {
        bodyBytes += chunk.length;
        if (bodyBytes >= MAX_BODY_BYTES) answered();
      },
      onResponseEnd: answered,
      onResponseError(_controller, error) {
        answered();
        reject(error);
      },
    },
  );
  try {
    return await orEnded(promise, signal);
  } catch (error) {
    // The time ran out over the body: the status had come in time.
    if (status !== undefined) return status;
    throw error;
  } finally {
    clearTimeout(drain);
    await client.destroy();
  }
}

/** Not in the same turn: undici does not notice a connection that is there before it began to wait for it. */
function handOut(connection: Socket) {
  return (_options: unknown, callback: (error: null, socket: Socket) => void): void => queueMicrotask(() => callback(null, connection));
}
