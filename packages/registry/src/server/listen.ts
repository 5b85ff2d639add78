/**
 * Binds servers to an address, and lets go of it cleanly.
 *
 * `localhost` means both loopback addresses, where the machine has both: clients choose either.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

export interface Bound {
  readonly address: { readonly host: string; readonly port: number };
  /** Accepts nothing new, closes idle connections, and cuts what still runs after `deadlineMs`. Idempotent. */
  close(deadlineMs: number): Promise<void>;
}

/** Between two looks for connections that have become idle, in ms. */
const SWEEP_MS = 20;

export async function bind(host: string, port: number, create: () => Server): Promise<Bound> {
  const [first = host, ...others] = host === 'localhost' ? ['127.0.0.1', '::1'] : [host];
  /** Node counts a connection that has sent nothing yet as busy, so they are known here. */
  const sockets = new Set<Socket>();
  function createTracked(): Server {
    const server = create();
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    return server;
  }
  const servers = [createTracked()];
  const boundPort = await listen(servers[0], first, port);
  for (const other of others) {
    const server = createTracked();
    try {
      await listen(server, other, boundPort);
      servers.push(server);
    } catch (error) {
      if (isTaken(error)) {
        await Promise.all(servers.map(closed));
        throw error;
      }
      // No IPv6 here.
    }
  }
  let closing: Promise<void> | undefined;
  return {
    address: { host, port: boundPort },
    close: (deadlineMs) => (closing ??= closeAll(servers, sockets, deadlineMs)),
  };
}

function listen(server: Server | undefined, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server?.once('error', reject);
    server?.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : port);
    });
  });
}

function isTaken(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
}

async function closeAll(servers: readonly Server[], sockets: ReadonlySet<Socket>, deadlineMs: number): Promise<void> {
  for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy();
  const sweep = setInterval(() => servers.forEach((server) => server.closeIdleConnections()), SWEEP_MS);
  const deadline = setTimeout(() => servers.forEach((server) => server.closeAllConnections()), deadlineMs);
  await Promise.all(servers.map(closed));
  clearInterval(sweep);
  clearTimeout(deadline);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
