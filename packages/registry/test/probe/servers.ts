/** Servers that behave and misbehave, and one probe of them. */
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { isActive } from '../../src/probe/check-aim.ts';
import { createProbers, createResolver, type Resolution } from '../../src/probe/index.ts';
import { listen, type LooseSpec, realClock, recordOf, shut, specOf } from './fixtures.ts';

const resolver = createResolver({ clock: realClock });
const cleanups: (() => Promise<unknown> | void)[] = [];
export const WELL_WITHIN_MS = 20_000;

/** Ends what the test has opened. */
export async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0)) await cleanup();
}

/** Probes once, with all the time that a slow machine may need unless `timeoutMs` says otherwise. */
export function probe(
  host: string,
  port: number,
  loose: LooseSpec,
  { scheme = 'http', signal = new AbortController().signal, resolve = resolver.resolve } = {},
) {
  const spec = specOf({ timeoutMs: WELL_WITHIN_MS, ...loose });
  if (!isActive(spec)) throw new Error('not an active check');
  return createProbers({ resolver: { resolve } })(recordOf(host, port, [], scheme), spec, signal);
}

export async function serve(server: Server, host?: string): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  const port = await listen(server, host);
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    return shut(server);
  });
  return port;
}

export function serveHttp(listener: RequestListener, host?: string): Promise<number> {
  return serve(createHttpServer(listener), host);
}

/** A server that speaks for itself, and tells when the first connection to it has ended. */
export async function serveRaw(speak: (socket: Socket) => void): Promise<{ port: number; ended: Promise<void> }> {
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const port = await serve(
    createServer((socket) => {
      socket.on('close', () => resolve());
      // Else it would not notice that the other side has closed.
      socket.resume();
      speak(socket);
    }),
  );
  return { port, ended };
}

/** A port that nothing listens on. */
export async function deadPort(host?: string): Promise<number> {
  const server = createServer();
  const port = await listen(server, host);
  await shut(server);
  return port;
}

export function names(table: Record<string, readonly string[]>): (name: string) => Promise<Resolution> {
  return (name) => Promise.resolve({ kind: 'addresses', addresses: table[name] ?? [] });
}
