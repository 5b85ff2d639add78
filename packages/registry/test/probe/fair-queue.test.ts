import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFairQueue, type FairQueue, type Job } from '../../src/probe/fair-queue.ts';
import { NOWHERE } from '../../src/probe/heap.ts';

const CONCURRENCY = 4;
const PER_HOST = 2;

interface Named extends Job {
  readonly name: number;
}

/** The queue again, without any structure: a list, looked through every time. */
interface Model {
  readonly jobs: { readonly job: Named; state: 'idle' | 'future' | 'waiting' | 'running'; dueMs: number; bySlow: boolean }[];
  readonly slow: Set<string>;
}

function mayRun(model: Model): Model['jobs'] {
  const running = model.jobs.filter(({ state }) => state === 'running');
  if (running.length >= CONCURRENCY) return [];
  const slowFull = running.filter(({ bySlow }) => bySlow).length >= CONCURRENCY / 2;
  return model.jobs.filter(
    ({ job, state }) =>
      state === 'waiting' &&
      running.filter((other) => other.job.host === job.host).length < PER_HOST &&
      !(slowFull && model.slow.has(job.host)),
  );
}

const step = fc.oneof(
  fc.record({ do: fc.constant('schedule' as const), job: fc.nat(19), dueMs: fc.nat(100) }),
  fc.record({ do: fc.constant('withdraw' as const), job: fc.nat(19) }),
  fc.record({ do: fc.constant('advance' as const), nowMs: fc.nat(100) }),
  fc.record({ do: fc.constant('take' as const) }),
  fc.record({ do: fc.constant('release' as const), job: fc.nat(19), slow: fc.boolean() }),
);

describe('fair queue', () => {
  test('does what a naive list does: the oldest that the bounds allow runs, and nothing that may run waits', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const queue: FairQueue<Named> = createFairQueue({ concurrency: CONCURRENCY, perHost: PER_HOST });
        const model: Model = {
          jobs: Array.from({ length: 20 }, (_, name) => ({
            job: newJob(name, `host-${name % 4}`),
            state: 'idle',
            dueMs: 0,
            bySlow: false,
          })),
          slow: new Set(),
        };
        for (const given of steps) {
          if (given.do === 'advance') {
            const due = model.jobs.filter(({ state, dueMs }) => state === 'future' && dueMs <= given.nowMs);
            expect(queue.advance(given.nowMs, 1_000)).toBe(due.length);
            for (const one of due) one.state = 'waiting';
          } else if (given.do === 'take') {
            const allowed = mayRun(model);
            const taken = queue.take();
            expect(taken === undefined).toBe(allowed.length === 0);
            const entry = model.jobs.find(({ job }) => job === taken);
            if (entry === undefined) continue;
            expect(allowed).toContain(entry);
            expect(entry.dueMs).toBe(Math.min(...allowed.map(({ dueMs }) => dueMs)));
            entry.state = 'running';
            entry.bySlow = model.slow.has(entry.job.host);
          } else {
            const entry = model.jobs[given.job];
            if (entry === undefined) continue;
            if (given.do === 'schedule') {
              queue.schedule(entry.job, given.dueMs);
              if (entry.state !== 'running') Object.assign(entry, { state: 'future', dueMs: given.dueMs });
            } else if (given.do === 'withdraw') {
              queue.withdraw(entry.job);
              if (entry.state !== 'running') entry.state = 'idle';
            } else {
              queue.release(entry.job, given.slow);
              if (entry.state !== 'running') continue;
              entry.state = 'idle';
              if (given.slow) model.slow.add(entry.job.host);
              else model.slow.delete(entry.job.host);
            }
          }
          expect(queue.waiting).toBe(model.jobs.filter(({ state }) => state === 'waiting').length);
          expect(queue.running).toBe(model.jobs.filter(({ state }) => state === 'running').length);
          expect(queue.nextDueMs).toBe(earliest(model, 'future'));
          expect(queue.oldestWaitingMs).toBe(earliest(model, 'waiting'));
        }
      }),
      { numRuns: 500 },
    );
  });

  test('slow hosts, however many, leave half of the room to the others', () => {
    const queue: FairQueue<Named> = createFairQueue({ concurrency: 8, perHost: 4 });
    const slow = Array.from({ length: 50 }, (_, name) => newJob(name, `slow-${name}`));
    for (const job of slow) {
      queue.schedule(job, 0);
      queue.advance(0, 1);
      queue.take();
      queue.release(job, true);
    }
    for (const job of slow) queue.schedule(job, 1);
    queue.advance(1, 100);
    const first = Array.from({ length: 8 }, () => queue.take()).filter((job) => job !== undefined);
    expect(first).toHaveLength(4);

    const well = newJob(100, 'well');
    queue.schedule(well, 2);
    queue.advance(2, 1);
    expect(queue.take()).toBe(well);
  });

  test('a host that is no longer slow has its whole share again', () => {
    const queue: FairQueue<Named> = createFairQueue({ concurrency: 4, perHost: 4 });
    const jobs = Array.from({ length: 5 }, (_, name) => newJob(name, 'one'));
    const [first, ...others] = jobs;
    if (first === undefined) throw new Error('no job');
    for (const slow of [true, false]) {
      queue.schedule(first, 0);
      queue.advance(0, 1);
      queue.take();
      queue.release(first, slow);
    }
    for (const job of others) queue.schedule(job, 1);
    queue.advance(1, 10);
    expect(Array.from({ length: 4 }, () => queue.take())).toEqual(others);
  });
});

function newJob(name: number, host: string): Named {
  return { name, host, key: 0, place: NOWHERE, state: 'idle' };
}

function earliest(model: Model, state: 'future' | 'waiting'): number {
  return Math.min(Number.POSITIVE_INFINITY, ...model.jobs.filter((job) => job.state === state).map(({ dueMs }) => dueMs));
}
