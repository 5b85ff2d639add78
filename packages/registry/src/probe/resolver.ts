/**
 * The one resolver of names for whatever the registry connects to: cached, asked once however many wait, timed out, and never
 * delayed by another name.
 *
 * Asks DNS through c-ares, which waits on sockets; `dns.lookup` would hold one of four libuv threads a name, and four dead names
 * would stop all others. What c-ares leaves out is done here: the hosts file, the search list (`system-files.ts`), and, for names
 * that DNS does not know, the system's resolver within a bound (`system-lookup.ts`).
 *
 * When DNS does not answer at all, what it last said is used for up to ten more minutes: a dead DNS server must not make every
 * probe fail. An answer "there is no such name" is believed at once.
 * Bounds: `MAX_NAMES` cached; as many questions in flight as callers wait for.
 */
import { Resolver as CaresResolver } from 'node:dns';
import { isIP } from 'node:net';
import type { Clock } from '@rollcall/core';
import { NO_RESOLV_CONF, namesToTry, parseHosts, parseResolvConf, watchFile } from './system-files.ts';
import { createSystemLookup, type SystemLookup } from './system-lookup.ts';

export interface Resolver {
  /** Settles within the time-out, and never rejects. A literal address comes back as it is. */
  resolve(name: string): Promise<Resolution>;
  /** Names in the cache. */
  readonly cached: number;
  /** Ends what is in flight (as unanswered). Idempotent. */
  close(): void;
}

export type Resolution =
  | {
      readonly kind: 'addresses' /** At least one, IPv4 first. */;
      readonly addresses: readonly string[];
    }
  /** There is no such name, or it has no address. */
  | { readonly kind: 'missing' }
  /** Nobody could tell in time. */
  | { readonly kind: 'unanswered' };

export interface ResolverOptions {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  /** DNS servers as `address` or `address:port`; default: those of the system, followed when they change. */
  readonly servers?: readonly string[];
  readonly hostsFile?: string;
  readonly resolvConf?: string;
  /** For names that DNS does not know. */
  readonly systemLookup?: SystemLookup;
  /** For one name, its search list included, in ms. Below the time-out of the probes, so that a dead name is told from a dead host. */
  readonly timeoutMs?: number;
  /** How long an answer with addresses is kept, in ms. */
  readonly foundMs?: number;
  /** How long one without is kept, in ms. */
  readonly missingMs?: number;
}

const MAX_NAMES = 10_000;
/** How old an answer may be that is used while DNS is silent, in ms. */
const STALE_MS = 10 * 60_000;
/** When one family has been answered, how much longer the other may take, in ms. */
const OTHER_FAMILY_MS = 100;

interface Known {
  readonly resolution: Resolution;
  readonly untilMs: number;
  /** The last addresses, and when they were learned. */
  readonly last: { readonly addresses: readonly string[]; readonly atMs: number } | undefined;
}

export function createResolver(options: ResolverOptions): Resolver {
  const { clock, timeoutMs = 2_000, foundMs = 10_000, missingMs = 5_000 } = options;
  const systemLookup = options.systemLookup ?? createSystemLookup();
  const hosts = watchFile(options.hostsFile ?? '/etc/hosts', clock, new Map<string, readonly string[]>(), parseHosts);
  const resolvConf = watchFile(options.resolvConf ?? '/etc/resolv.conf', clock, NO_RESOLV_CONF, (text) => {
    // The system's servers may have moved with it; c-ares reads them only once.
    if (options.servers === undefined) cares = newCares();
    return parseResolvConf(text);
  });
  const known = new Map<string, Known>();
  const asking = new Map<string, Promise<Resolution>>();
  const end = Promise.withResolvers<Resolution>();
  let cares = newCares();
  let closed = false;

  function newCares(): CaresResolver {
    // Each try waits twice as long as the one before; the first is short, because questions asked at the same time get lost in full buffers.
    const fresh = new CaresResolver({ timeout: Math.max(Math.floor(timeoutMs / 4), 1), tries: 3 });
    if (options.servers !== undefined) fresh.setServers(options.servers);
    return fresh;
  }

  async function ask(name: string): Promise<Resolution> {
    const local = (await hosts()).get(name.replace(/\.$/, ''));
    if (local !== undefined) return { kind: 'addresses', addresses: ipv4First(local) };
    const names = namesToTry(name, await resolvConf());
    for (const full of names) {
      const resolution = await queryBoth(cares, full);
      if (resolution.kind === 'addresses') return resolution;
      if (resolution.kind === 'unanswered') return askSystem(name, resolution);
    }
    return askSystem(name, { kind: 'missing' });
  }

  async function askSystem(name: string, otherwise: Resolution): Promise<Resolution> {
    const addresses = await systemLookup(name);
    if (addresses === undefined) return { kind: 'unanswered' };
    return addresses.length === 0 ? otherwise : { kind: 'addresses', addresses };
  }

  async function askInTime(name: string): Promise<Resolution> {
    const { promise: late, resolve: giveUp } = Promise.withResolvers<Resolution>();
    const timer = setTimeout(giveUp, timeoutMs, { kind: 'unanswered' });
    try {
      return remember(name, await Promise.race([ask(name), late, end.promise]));
    } finally {
      clearTimeout(timer);
      asking.delete(name);
    }
  }

  /** Returns what is to be used from now on, which is the last answer when there is no new one. */
  function remember(name: string, answer: Resolution): Resolution {
    const nowMs = clock.monotonicMs();
    const before = known.get(name)?.last;
    const usable = before !== undefined && nowMs - before.atMs < STALE_MS ? before : undefined;
    const last = answer.kind === 'addresses' ? { addresses: answer.addresses, atMs: nowMs } : usable;
    const resolution: Resolution =
      answer.kind === 'unanswered' && last !== undefined ? { kind: 'addresses', addresses: last.addresses } : answer;
    known.delete(name);
    known.set(name, {
      resolution,
      untilMs: nowMs + (answer.kind === 'addresses' ? foundMs : missingMs),
      last: answer.kind === 'missing' ? undefined : last,
    });
    for (const oldest of known.keys()) {
      if (known.size <= MAX_NAMES) break;
      known.delete(oldest);
    }
    return resolution;
  }

  return {
    async resolve(name) {
      if (isIP(name) !== 0) return { kind: 'addresses', addresses: [name] };
      const key = name.toLowerCase();
      const cached = known.get(key);
      if (cached !== undefined && clock.monotonicMs() < cached.untilMs) return cached.resolution;
      if (closed) return { kind: 'unanswered' };
      const inFlight = asking.get(key) ?? askInTime(key);
      asking.set(key, inFlight);
      return inFlight;
    },
    get cached() {
      return known.size;
    },
    close() {
      closed = true;
      end.resolve({ kind: 'unanswered' });
      cares.cancel();
    },
  };
}

/** Both families of one full name. */
async function queryBoth(cares: CaresResolver, name: string): Promise<Resolution> {
  const ipv4 = query((done) => cares.resolve4(name, done));
  const ipv6 = query((done) => cares.resolve6(name, done));
  const first = await Promise.race([ipv4, ipv6]);
  const both =
    first.kind === 'addresses' ? [await within(ipv4, OTHER_FAMILY_MS), await within(ipv6, OTHER_FAMILY_MS)] : [await ipv4, await ipv6];
  const addresses = both.flatMap((answer) => (answer.kind === 'addresses' ? answer.addresses : []));
  if (addresses.length > 0) return { kind: 'addresses', addresses };
  return both.find((answer) => answer.kind === 'unanswered') ?? { kind: 'missing' };
}

function query(ask: (done: (error: Error | null, addresses: string[]) => void) => void): Promise<Resolution> {
  return new Promise((resolve) => {
    ask((error, addresses) => {
      if (error === null && addresses.length > 0) resolve({ kind: 'addresses', addresses });
      else resolve({ kind: error === null || ('code' in error && NO_SUCH_NAME.has(error.code)) ? 'missing' : 'unanswered' });
    });
  });
}

const NO_SUCH_NAME: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA', 'EBADNAME', 'ENONAME']);

async function within(answer: Promise<Resolution>, ms: number): Promise<Resolution> {
  const { promise: late, resolve } = Promise.withResolvers<Resolution>();
  const timer = setTimeout(resolve, ms, { kind: 'unanswered' });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function ipv4First(addresses: readonly string[]): string[] {
  return addresses.toSorted((a, b) => isIP(a) - isIP(b));
}
