/**
 * One TCP connection to the first of several judged addresses that accepts: each next address is tried when the one before has
 * failed, or has not answered for `HEAD_START_MS` (after RFC 8305, "happy eyeballs").
 *
 * Connects to addresses only, never to names. Leaves no socket behind but the one it returns.
 */
import { connect, type Socket } from 'node:net';
import { endOf } from './ended.ts';

const HEAD_START_MS = 250;

/**
 * Resolves with a connected socket, which the caller destroys. Rejects with the error of the first address when all have failed,
 * with the signal's reason when aborted.
 */
export function dial(addresses: readonly string[], port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const trying = new Set<Socket>();
    let next = 0;
    let firstError: Error | undefined;
    let headStart: NodeJS.Timeout | undefined;

    function tryNext(): void {
      clearTimeout(headStart);
      const address = addresses[next];
      next += 1;
      if (address === undefined) return;
      const socket = connect({ host: address, port });
      trying.add(socket);
      socket.once('connect', () => {
        trying.delete(socket);
        finish();
        resolve(socket);
      });
      // Stays on, also for the caller: an error between two owners must not be one that nobody hears.
      socket.on('error', (error) => failed(socket, error));
      if (next < addresses.length) headStart = setTimeout(tryNext, HEAD_START_MS);
    }

    function failed(socket: Socket, error: Error): void {
      if (!trying.delete(socket)) return;
      firstError ??= error;
      if (next < addresses.length) tryNext();
      else if (trying.size === 0) {
        finish();
        reject(firstError ?? error);
      }
    }

    function finish(): void {
      clearTimeout(headStart);
      signal.removeEventListener('abort', end);
      next = addresses.length;
      for (const socket of trying) socket.destroy();
      trying.clear();
    }

    function end(): void {
      finish();
      reject(endOf(signal));
    }

    if (addresses.length === 0) reject(new Error('no address to connect to'));
    else if (signal.aborted) end();
    else {
      signal.addEventListener('abort', end, { once: true });
      tryNext();
    }
  });
}
