/**
 * The system's own resolver (`getaddrinfo`), as a last resort: for names that only it knows, such as `.local` on a laptop or what
 * a plug-in of the name service switch answers.
 *
 * Each question holds one of the four libuv threads until the system is done with it, up to half a minute for a dead server.
 * Bound: two at a time; a third is not asked at all, and does not wait.
 */
import { lookup } from 'node:dns/promises';

/** The addresses, none when the system knows none; undefined when it was not asked because it is busy. Never rejects. */
export type SystemLookup = (name: string) => Promise<readonly string[] | undefined>;

const AT_ONCE = 2;

export function createSystemLookup(): SystemLookup {
  let asking = 0;

  return async (name) => {
    if (asking >= AT_ONCE) return undefined;
    asking += 1;
    try {
      const found = await lookup(name, { all: true, order: 'ipv4first' });
      return found.map(({ address }) => address);
    } catch {
      return [];
    } finally {
      asking -= 1;
    }
  };
}
