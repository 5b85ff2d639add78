/**
 * A clock that moves only when told, with timers that fire as a real event loop's would: on time while time is let pass,
 * and once, late, after a stall.
 *
 * Deterministic: no real time is read and none is waited for. Timers due at the same moment run in the order they were set.
 */
import type { Clock } from '@rollcall/core';

export interface SimulatedClock extends Clock {
  /** Calls `run` every `everyMs` while time is advanced. Returns the way to stop. */
  every(everyMs: number, run: () => void): () => void;
  /** Lets time pass in health: each timer runs at its moment, and what it began (promises, I/O callbacks) gets to run. */
  advance(ms: number): Promise<void>;
  /** Time passes while nothing runs, as when the process is stopped. What became due runs once, in the next `advance`. */
  stall(ms: number): void;
  /** Sets the wall clock alone, as an operator or NTP would. */
  setWall(wallMs: number): void;
}

/** 2026-01-01, so that wall times in failures are readable. */
const EPOCH_MS = 1_767_225_600_000;

interface Timer {
  readonly everyMs: number;
  readonly run: () => void;
  dueMs: number;
}

export function createSimulatedClock(): SimulatedClock {
  const timers = new Set<Timer>();
  let monotonicMs = 0;
  let wallOffsetMs = EPOCH_MS;

  function nextDue(untilMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of timers) if (timer.dueMs <= untilMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    return next;
  }

  return {
    monotonicMs: () => monotonicMs,
    wallMs: () => monotonicMs + wallOffsetMs,
    every(everyMs, run) {
      const timer = { everyMs, run, dueMs: monotonicMs + everyMs };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const untilMs = monotonicMs + ms;
      await settled();
      for (let timer = nextDue(untilMs); timer !== undefined; timer = nextDue(untilMs)) {
        monotonicMs = Math.max(monotonicMs, timer.dueMs);
        timer.dueMs = monotonicMs + timer.everyMs;
        timer.run();
        await settled();
      }
      monotonicMs = untilMs;
      await settled();
    },
    stall(ms) {
      monotonicMs += ms;
    },
    setWall(wallMs) {
      wallOffsetMs = wallMs - monotonicMs;
    },
  };
}

/** Resolves when everything that was ready to run has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
