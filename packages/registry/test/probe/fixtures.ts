/** What the tests of probes share: records, listening servers, simulated time, a registry of the few members that are used. */
import type { AddressInfo, Server } from 'node:net';
import type { Change, CheckSpec, InstanceId, InstanceRecord, InstanceRef, InstanceView, Observation, Revision } from '@rollcall/core';
import type { Timer } from '../../src/probe/index.ts';

export const realClock = { monotonicMs: () => performance.now() };

/** A check without what only matters to some tests. */
export type LooseSpec =
  | { kind: 'http'; path?: string; port?: number; url?: string; intervalMs?: number; timeoutMs?: number }
  | { kind: 'tcp'; port?: number; intervalMs?: number; timeoutMs?: number }
  | { kind: 'grpc'; port?: number; service?: string; intervalMs?: number; timeoutMs?: number }
  | { kind: 'reported'; intervalMs?: number; timeoutMs?: number };

export function specOf(loose: LooseSpec): CheckSpec {
  const timing = { name: loose.kind, intervalMs: 30_000, timeoutMs: 5_000, rise: 1, fall: 1, gates: true };
  return loose.kind === 'http' ? { ...timing, path: '/health', ...loose } : { ...timing, ...loose };
}

export function recordOf(host: string, port: number, checks: readonly LooseSpec[], scheme = 'http'): InstanceRecord {
  return {
    id: `${host}:${port}` as InstanceId,
    service: 'service',
    dialect: 'classic',
    address: { scheme, host, port, path: '' },
    tags: [],
    metadata: {},
    weight: 1,
    models: [],
    declaredStatus: 'running',
    lease: { ttlMs: 30_000, removeAfterMs: 60_000, renewedBy: 'heartbeat', revivable: false },
    checks: checks.map(specOf),
    registeredAtMs: 0,
    revision: 1 as Revision,
  };
}

/** Listens on a free port and tells which. */
export async function listen(server: Server, host = '127.0.0.1'): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

export function shut(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}

export interface SimulatedTime extends Timer {
  monotonicMs(): number;
  /** Lets time pass; between two timers everything that is settled runs. */
  advance(ms: number): Promise<void>;
  sleep(ms: number): Promise<void>;
  /** Timers that are set. */
  readonly timers: number;
  /** Timers that were ever set. */
  readonly timersSet: number;
}

export function createSimulatedTime(): SimulatedTime {
  let nowMs = 1_000_000;
  let timersSet = 0;
  const timers = new Map<number, { readonly atMs: number; readonly run: () => void }>();

  function earliest(untilMs: number): number | undefined {
    let best: number | undefined;
    let bestMs = untilMs;
    for (const [id, { atMs }] of timers) {
      if (atMs > bestMs || (atMs === bestMs && best !== undefined)) continue;
      best = id;
      bestMs = atMs;
    }
    return best;
  }

  const time: SimulatedTime = {
    monotonicMs: () => nowMs,
    after(delayMs, run) {
      timersSet += 1;
      const id = timersSet;
      timers.set(id, { atMs: nowMs + delayMs, run });
      return () => timers.delete(id);
    },
    sleep: (ms) =>
      new Promise((resolve) => {
        time.after(ms, resolve);
      }),
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settled();
      for (let id = earliest(untilMs); id !== undefined; id = earliest(untilMs)) {
        const timer = timers.get(id);
        timers.delete(id);
        nowMs = Math.max(nowMs, timer?.atMs ?? 0);
        timer?.run();
        await settled();
      }
      nowMs = untilMs;
    },
    get timers() {
      return timers.size;
    },
    get timersSet() {
      return timersSet;
    },
  };
  return time;
}

/** All that follows from promises that are settled now. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

export interface FakeRegistry {
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
  instances(): IterableIterator<InstanceView>;
  observe(ref: InstanceRef, check: number, seen: Observation): void;
  put(ref: InstanceRef, record: InstanceRecord): void;
  delete(ref: InstanceRef, record: InstanceRecord): void;
  readonly listeners: number;
  readonly seen: { readonly ref: InstanceRef; readonly check: number; readonly seen: Observation }[];
}

export function createFakeRegistry(present: readonly InstanceRecord[] = []): FakeRegistry {
  const listeners = new Set<(changes: readonly Change[]) => void>();
  const seen: FakeRegistry['seen'] = [];

  function tell(change: Change): void {
    for (const listener of listeners) listener([change]);
  }

  return {
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    *instances() {
      for (const [slot, record] of present.entries()) yield viewOf(record, { slot, generation: 0 });
    },
    observe(ref, check, observation) {
      seen.push({ ref, check, seen: observation });
    },
    put: (ref, record) => tell({ kind: 'put', revision: record.revision, cause: 'registered', ref, record }),
    delete: (ref, record) => tell({ kind: 'delete', revision: record.revision, reason: 'deregistered', ref, record }),
    get listeners() {
      return listeners.size;
    },
    seen,
  };
}

function viewOf(record: InstanceRecord, ref: InstanceRef): InstanceView {
  return {
    record,
    ref,
    status: 'up',
    discoverable: true,
    intent: 'serving',
    lastHeartbeatAtMs: 0,
    inGrace: false,
    held: false,
    checks: record.checks.map((spec) => ({ spec, state: 'unknown' as const })),
  };
}

/** A small generator of chance that gives the same numbers each time (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
