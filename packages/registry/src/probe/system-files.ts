/**
 * What this machine knows of names without asking anybody: `/etc/hosts`, and the search list of `/etc/resolv.conf`.
 *
 * c-ares reads neither for us: `resolve4` goes straight to a server with just the name it is given. Without them
 * `localhost`, names in the hosts file and short names in a cluster would fail in probes although every other program finds them.
 * Each file is looked at (its time of change) at most once a second, and read when that moved. Bound: the first 4 MiB of it.
 */
import { open, stat } from 'node:fs/promises';
import type { Clock } from '@rollcall/core';
import { plainHost } from './check-aim.ts';

/** The parsed file as it is now; as it was when it cannot be read, `empty` when it never could. Never rejects. */
export type WatchedFile<T> = () => Promise<T>;

export interface ResolvConf {
  /** Domains that a short name is tried in, in order; at most 6. */
  readonly search: readonly string[];
  /** Dots from which on a name is tried as it is first. */
  readonly ndots: number;
}

export const NO_RESOLV_CONF: ResolvConf = { search: [], ndots: 1 };

export function watchFile<T>(path: string, clock: Pick<Clock, 'monotonicMs'>, empty: T, parse: (text: string) => T): WatchedFile<T> {
  let parsed = empty;
  let stamp = '';
  let lookedAtMs = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    try {
      const { mtimeMs, size, ino } = await stat(path);
      const now = `${mtimeMs} ${size} ${ino}`;
      if (now === stamp) return;
      parsed = parse(await readStart(path));
      stamp = now;
    } catch {
      // It is not there, or not ours to read: what was known stays.
    }
  }

  return async () => {
    if (clock.monotonicMs() - lookedAtMs >= LOOK_AGAIN_MS) {
      lookedAtMs = clock.monotonicMs();
      looking = look().finally(() => {
        looking = undefined;
      });
    }
    await looking;
    return parsed;
  };
}

const LOOK_AGAIN_MS = 1_000;
const MAX_FILE_BYTES = 4 * 1_048_576;
const MAX_SEARCH = 6;

/** Addresses by lower-case name, in the order of the file. */
export function parseHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, string[]>();
  for (const line of text.split('\n')) {
    const [address = '', ...names] = fields(line);
    const plain = names.length === 0 ? undefined : plainHost(address);
    if (plain === undefined) continue;
    for (const name of names) {
      const key = name.toLowerCase();
      const known = byName.get(key);
      if (known === undefined) byName.set(key, [plain]);
      else if (!known.includes(plain)) known.push(plain);
    }
  }
  return byName;
}

export function parseResolvConf(text: string): ResolvConf {
  let { search, ndots } = NO_RESOLV_CONF;
  for (const line of text.split('\n')) {
    const [keyword, ...values] = fields(line);
    if (keyword === 'search' || keyword === 'domain') search = values.slice(0, MAX_SEARCH).map((domain) => domain.replace(/\.$/, ''));
    if (keyword !== 'options') continue;
    const given = values.find((value) => /^ndots:\d{1,2}$/.test(value));
    if (given !== undefined) ndots = Number(given.slice('ndots:'.length));
  }
  return { search: search.filter((domain) => domain !== ''), ndots };
}

/** The full names that a name may mean, the likeliest first. */
export function namesToTry(name: string, { search, ndots }: ResolvConf): string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)];
  const searched = search.map((domain) => `${name}.${domain}`);
  const dots = name.split('.').length - 1;
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

function fields(line: string): string[] {
  return line
    .replace(/[#;].*/, '')
    .trim()
    .split(/\s+/);
}

async function readStart(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.alloc(Math.min((await file.stat()).size, MAX_FILE_BYTES)) });
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}
