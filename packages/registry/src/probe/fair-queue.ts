/**
 * What is due, oldest first, within two bounds: so many at once, and so many at once for one host.
 *
 * A job is in the *future* heap until it is due, then it *waits* in the heap of its host, then it *runs*. A host with
 * something waiting is in one of three heaps of hosts, by the age of its oldest job: `prompt`, `slow` (its last job took
 * long), or `full` (at its bound). The next job is the oldest of the oldest prompt and the oldest slow host; full hosts are
 * never looked at. Slow hosts together get at most half of the room, so that however many they are, the others go on.
 *
 * Guarantees: `take` gives the oldest job that the bounds allow; a host's jobs run oldest first; nothing that may run waits.
 * Bound: O(log n) for everything; memory for hosts only while a job of theirs waits or runs, and for `MAX_SLOW` slow names.
 */
import { moved, NOWHERE, type Placed, pop, push, remove } from './heap.ts';

export interface Job extends Placed {
  /** Jobs of one host share its bound. */
  readonly host: string;
  state: 'idle' | 'future' | 'waiting' | 'running' | 'running-slow';
}

export interface FairQueue<J extends Job> {
  /** Puts a job in, or moves one that is in. Not for one that runs. `dueMs` is on the clock of `advance`. */
  schedule(job: J, dueMs: number): void;
  /** Takes a job out that does not run; one that does, or is not in, stays as it is. */
  withdraw(job: J): void;
  /** Lets what is due by `nowMs` wait; at most `most` jobs. Returns how many. */
  advance(nowMs: number, most: number): number;
  /** The oldest job that may run; it runs from now on. */
  take(): J | undefined;
  /** A job ended; it is idle again. `slow`: it took long, which is held against its host until the next that does not. */
  release(job: J, slow: boolean): void;
  /** When the next is due; infinite when none is. */
  readonly nextDueMs: number;
  /** When the oldest of those that wait was due; infinite when none waits. */
  readonly oldestWaitingMs: number;
  readonly waiting: number;
  readonly running: number;
  /** Hosts at their bound with something waiting. */
  readonly fullHosts: number;
}

export interface FairQueueOptions {
  readonly concurrency: number;
  readonly perHost: number;
}

/** Names of slow hosts remembered; the one that was first is forgotten first, which costs it nothing but its mark. */
const MAX_SLOW = 10_000;

interface Host<J extends Job> extends Placed {
  readonly name: string;
  readonly waiting: J[];
  running: number;
  heap: Host<J>[] | undefined;
}

export function createFairQueue<J extends Job>({ concurrency, perHost }: FairQueueOptions): FairQueue<J> {
  const slowAtOnce = Math.max(Math.floor(concurrency / 2), 1);
  const future: J[] = [];
  const hosts = new Map<string, Host<J>>();
  const slowNames = new Set<string>();
  const prompt: Host<J>[] = [];
  const slow: Host<J>[] = [];
  const full: Host<J>[] = [];
  let waiting = 0;
  let running = 0;
  let slowRunning = 0;

  function hostOf(job: J): Host<J> {
    let host = hosts.get(job.host);
    if (host === undefined) {
      host = { name: job.host, waiting: [], running: 0, heap: undefined, key: 0, place: NOWHERE };
      hosts.set(job.host, host);
    }
    return host;
  }

  /** Puts a host where it belongs after anything about it has changed. */
  function settle(host: Host<J>): void {
    const heap = heapFor(host);
    if (host.heap !== undefined && host.heap !== heap) remove(host.heap, host);
    host.key = host.waiting[0]?.key ?? 0;
    if (heap !== undefined && host.heap === heap) moved(heap, host);
    else if (heap !== undefined) push(heap, host);
    host.heap = heap;
    if (heap === undefined && host.running === 0) hosts.delete(host.name);
  }

  function heapFor(host: Host<J>): Host<J>[] | undefined {
    if (host.waiting.length === 0) return undefined;
    if (host.running >= perHost) return full;
    return slowNames.has(host.name) ? slow : prompt;
  }

  function mark(name: string, isSlow: boolean): void {
    slowNames.delete(name);
    if (!isSlow) return;
    slowNames.add(name);
    if (slowNames.size <= MAX_SLOW) return;
    for (const first of slowNames) {
      slowNames.delete(first);
      return;
    }
  }

  function withdraw(job: J): void {
    if (job.state === 'future') remove(future, job);
    else if (job.state === 'waiting') {
      const host = hostOf(job);
      remove(host.waiting, job);
      waiting -= 1;
      settle(host);
    } else return;
    job.state = 'idle';
  }

  return {
    schedule(job, dueMs) {
      withdraw(job);
      if (job.state !== 'idle') return;
      job.key = dueMs;
      job.state = 'future';
      push(future, job);
    },
    withdraw,
    advance(nowMs, most) {
      let count = 0;
      for (; count < most && (future[0]?.key ?? Number.POSITIVE_INFINITY) <= nowMs; count += 1) {
        const job = pop(future);
        if (job === undefined) break;
        const host = hostOf(job);
        job.state = 'waiting';
        push(host.waiting, job);
        waiting += 1;
        settle(host);
      }
      return count;
    },
    take() {
      if (running >= concurrency) return undefined;
      const slowest = slowRunning < slowAtOnce ? slow[0] : undefined;
      const host = earlier(prompt[0], slowest);
      const job = host === undefined ? undefined : pop(host.waiting);
      if (host === undefined || job === undefined) return undefined;
      waiting -= 1;
      running += 1;
      host.running += 1;
      slowRunning += Number(host === slowest);
      job.state = host === slowest ? 'running-slow' : 'running';
      settle(host);
      return job;
    },
    release(job, isSlow) {
      if (job.state !== 'running' && job.state !== 'running-slow') return;
      const host = hostOf(job);
      slowRunning -= Number(job.state === 'running-slow');
      running -= 1;
      host.running -= 1;
      job.state = 'idle';
      mark(host.name, isSlow);
      settle(host);
    },
    get nextDueMs() {
      return future[0]?.key ?? Number.POSITIVE_INFINITY;
    },
    get oldestWaitingMs() {
      return Math.min(...[prompt, slow, full].map((heap) => heap[0]?.key ?? Number.POSITIVE_INFINITY));
    },
    get waiting() {
      return waiting;
    },
    get running() {
      return running;
    },
    get fullHosts() {
      return full.length;
    },
  };
}

function earlier<T extends Placed>(a: T | undefined, b: T | undefined): T | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return b.key < a.key ? b : a;
}
