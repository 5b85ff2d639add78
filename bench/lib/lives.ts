/** Keeps what was started and ends it in the opposite order, also when a case fails. */
import type { Server } from './pinned.ts';

/** Takes charge of a server that is being started. */
export type Keep = (starting: Promise<Server>) => Promise<Server>;

export async function withServers<T>(work: (keep: Keep) => Promise<T>): Promise<T> {
  const servers: Server[] = [];
  try {
    return await work(async (starting) => {
      const server = await starting;
      servers.push(server);
      return server;
    });
  } finally {
    for (const server of servers.toReversed()) await server.stop();
  }
}
