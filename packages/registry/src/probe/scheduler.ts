/**
 * When each check is probed: follows the registry, and tells it what was seen.
 *
 * A new registration is probed within a second (its place in it by chance), then every interval with ±10 % of jitter, counted from the
 * start of the probe before; so probes spread, and one check has at most one probe at a time. What is there at the start is spread over
 * one interval. What is due runs oldest first within the bounds of `fair-queue.ts`, so one slow or dead host delays nobody
 * else. A reference whose generation has moved is dropped: its probe is aborted, its outcome forgotten.
 *
 * Costs O(log n) a probe and one timer in all; nothing while nothing is due. At most `STARTS_A_TURN` probes begin in one turn of the
 * event loop, so that a thousand due at once hold nothing else up.
 */
import type { Change, Clock, InstanceRef, Observation, Registry } from '@rollcall/core';
import { createFairQueue } from './fair-queue.ts';
import { type Outcome, outcomeOf } from './outcome.ts';
import type { Probe } from './probers.ts';
import { systemTimer, type Timer } from './timer.ts';
import { createTracked, type TrackedCheck } from './tracked.ts';

export interface ProbeScheduler {
  /** Begins to follow the registry, which is open. Once. */
  start(): void;
  /** Aborts what is in flight and forgets everything. Resolves when nothing runs any more. Idempotent. */
  stop(): Promise<void>;
  /**
   * Probes now, at most once a second a check: who asks meanwhile shares the probe in flight, or the last outcome. The registry
   * is told as well. Undefined: the reference is stale, the check is not an active one, nothing was learned, or too many were asked
   * for at once (`ON_DEMAND`, bounded a host too): what the registry knows is the answer then.
   */
  probeNow(ref: InstanceRef, check: number): Promise<Observation | undefined>;
  readonly figures: ProbeFigures;
}

/** For metrics. */
export interface ProbeFigures {
  /** Active checks that are followed. */
  readonly checks: number;
  /** Probes on their way, those on demand included. */
  readonly inFlight: number;
  /** Due, and not begun. */
  readonly waiting: number;
  /** How late the oldest of these is, in ms. */
  readonly lagMs: number;
  /** Hosts at their own bound with probes waiting for it; what is late here is late because of them. */
  readonly fullHosts: number;
  /** Outcomes since the start: all of them, and those that failed. */
  readonly probes: number;
  readonly failures: number;
}

export interface ProbeSchedulerOptions {
  readonly registry: Pick<Registry, 'subscribe' | 'instances' | 'observe'>;
  readonly probe: Probe;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly timer?: Timer;
  /** 0 up to 1, for jitter. */
  readonly random: () => number;
  /** Probes at once. */
  readonly concurrency?: number;
  /** Probes at once to one host, by the name it was registered with. */
  readonly perHost?: number;
}

/** Probes on demand at once, beside the others. */
const ON_DEMAND = 64;
const PER_HOST = 8;
/** The first probe of what is new comes within this, in ms; and on demand, one outcome serves for this long. */
const SOON_MS = 1_000;
const JITTER = 0.1;
/** No check is probed more often, whatever its interval, in ms. */
const MIN_INTERVAL_MS = 100;
/** A probe that took longer marks its host as slow, in ms. */
const SLOW_MS = 1_000;
const STARTS_A_TURN = 32;
const MOVES_A_TURN = 1_000;
const LOADS_A_TURN = 500;

export function createProbeScheduler(options: ProbeSchedulerOptions): ProbeScheduler {
  const { registry, probe, clock, random, timer = systemTimer, concurrency = 256, perHost = PER_HOST } = options;
  const queue = createFairQueue<TrackedCheck>({ concurrency, perHost });
  const onDemand = createFairQueue<TrackedCheck>({ concurrency: ON_DEMAND, perHost: PER_HOST });
  const tracked = createTracked(abandon);
  const flights = new Set<Promise<Outcome>>();
  let loading: Iterator<{ readonly ref: InstanceRef; readonly record: Parameters<Probe>[0] }> | undefined;
  let unsubscribe = (): void => {};
  let cancelTimer = (): void => {};
  let wakesAtMs = Number.POSITIVE_INFINITY;
  let stopped = false;
  let probes = 0;
  let failures = 0;

  function follow(changes: readonly Change[]): void {
    const nowMs = clock.monotonicMs();
    for (const change of changes) {
      if (change.kind === 'delete') tracked.delete(change.ref);
      else tracked.put(change.ref, change.record, (check, before) => queue.schedule(check, soon(nowMs, before)));
    }
    wakeAt(queue.nextDueMs);
  }

  /** Within a second; one that is registered again and again keeps its turn, and is probed no more than once a second. */
  function soon(nowMs: number, before: TrackedCheck | undefined): number {
    const drawnMs = nowMs + random() * SOON_MS;
    if (before === undefined) return drawnMs;
    return Math.max(Math.min(drawnMs, before.key), before.startedMs + SOON_MS);
  }

  function abandon(check: TrackedCheck): void {
    queue.withdraw(check);
    check.flight?.abort.abort();
  }

  function wakeAt(atMs: number): void {
    if (stopped || atMs >= wakesAtMs) return;
    cancelTimer();
    wakesAtMs = atMs;
    cancelTimer = timer.after(Math.max(atMs - clock.monotonicMs(), 0), () => {
      wakesAtMs = Number.POSITIVE_INFINITY;
      turn();
    });
  }

  function turn(): void {
    const nowMs = clock.monotonicMs();
    load(nowMs);
    const moved = queue.advance(nowMs, MOVES_A_TURN);
    launchSome();
    wakeAt(loading !== undefined || moved === MOVES_A_TURN ? nowMs : queue.nextDueMs);
  }

  function launchSome(): void {
    for (let started = 0; started < STARTS_A_TURN; started += 1) {
      const check = stopped ? undefined : queue.take();
      if (check === undefined) return;
      void launch(check, queue);
    }
    wakeAt(clock.monotonicMs());
  }

  function load(nowMs: number): void {
    for (let count = 0; loading !== undefined && count < LOADS_A_TURN; count += 1) {
      const next = loading.next();
      if (next.done === true) loading = undefined;
      else tracked.put(next.value.ref, next.value.record, (check) => queue.schedule(check, nowMs + random() * check.spec.intervalMs));
    }
  }

  /** `from`: where its place is given back when it has ended. */
  function launch(check: TrackedCheck, from: typeof queue): Promise<Outcome> {
    const abort = new AbortController();
    check.startedMs = clock.monotonicMs();
    const outcome = run(check, abort.signal).then((seen) => {
      flights.delete(outcome);
      return landed(check, seen, from);
    });
    check.flight = { abort, outcome };
    flights.add(outcome);
    return outcome;
  }

  async function run(check: TrackedCheck, signal: AbortSignal): Promise<Outcome> {
    try {
      return await probe(check.owner.record, check.spec, signal);
    } catch (error) {
      return outcomeOf(error);
    }
  }

  function landed(check: TrackedCheck, outcome: Outcome, from: typeof queue): Outcome {
    const nowMs = clock.monotonicMs();
    check.flight = undefined;
    from.release(check, nowMs - check.startedMs >= SLOW_MS);
    const seen = stopped || check.gone ? undefined : outcome;
    if (!stopped && !check.gone) {
      check.last = { outcome, atMs: nowMs };
      queue.schedule(check, Math.max(nextDueMs(check), nowMs));
      wakeAt(queue.nextDueMs);
    }
    launchSome();
    if (seen !== undefined) {
      probes += 1;
      failures += Number(seen.state === 'failing');
      registry.observe(check.owner.ref, check.index, seen);
    }
    return seen;
  }

  function nextDueMs({ startedMs, spec }: TrackedCheck): number {
    return startedMs + Math.max(spec.intervalMs * (1 - JITTER + 2 * JITTER * random()), MIN_INTERVAL_MS);
  }

  return {
    start() {
      unsubscribe = registry.subscribe(follow);
      loading = registry.instances();
      wakeAt(clock.monotonicMs());
    },
    async stop() {
      stopped = true;
      unsubscribe();
      cancelTimer();
      loading = undefined;
      for (const check of tracked.all()) check.flight?.abort.abort();
      await Promise.all(flights);
    },
    async probeNow(ref, index) {
      const check = stopped ? undefined : tracked.find(ref, index);
      if (check === undefined) return undefined;
      if (check.flight !== undefined) return check.flight.outcome;
      const nowMs = clock.monotonicMs();
      if (check.last !== undefined && nowMs - check.last.atMs < SOON_MS) return check.last.outcome;
      const dueMs = check.key;
      queue.withdraw(check);
      onDemand.schedule(check, nowMs);
      onDemand.advance(nowMs, 1);
      if (onDemand.take() !== undefined) return launch(check, onDemand);
      onDemand.withdraw(check);
      queue.schedule(check, dueMs);
      return undefined;
    },
    get figures() {
      return {
        checks: tracked.size,
        inFlight: flights.size,
        waiting: queue.waiting,
        lagMs: Math.max(clock.monotonicMs() - Math.min(queue.oldestWaitingMs, queue.nextDueMs), 0),
        fullHosts: queue.fullHosts,
        probes,
        failures,
      };
    },
  };
}
