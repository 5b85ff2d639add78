/**
 * The lease clock: stands still while our own process does.
 *
 * It moves by the monotonic time that passed since the last tick, at most `MAX_STEP_MS`; so a stall of the process, of any
 * length, shortens nobody's lease by more than that, with no threshold to tune and no pass over the deadlines. Between two
 * ticks it runs on within the same bound, so a lease is granted from the moment of the heartbeat, not from the last tick.
 *
 * Bound: over any stall it advances at most 200 ms. Failures this answers: consul#3569, nacos#1873.
 */
export interface Clock {
  /** Milliseconds that only grow; the origin means nothing. */
  monotonicMs(): number;
  /** Milliseconds since 1970, for display and to remember over restarts. */
  wallMs(): number;
}

/** How often the host calls `tick`, in milliseconds. */
export const TICK_MS = 100;
/** The most that one tick may advance the lease clock, in milliseconds. */
export const MAX_STEP_MS = 200;

export interface LeaseClock {
  /** Lease time at the last tick: what reads and expiry are decided by. */
  readonly nowMs: number;
  /** Lease time at this moment: what a lease is granted from. Never behind `nowMs`; the next tick is never behind it. */
  currentMs(): number;
  /** Advances; returns how much of the monotonic time was left out because the process had stalled, in ms (0 in health). */
  tick(): number;
  /** Goes on from here: what passed since the last tick was no stall, such as the time that loading took. */
  resume(): void;
}

export function createLeaseClock(clock: Clock): LeaseClock {
  let nowMs = 0;
  let tickedAtMs = clock.monotonicMs();

  return {
    get nowMs() {
      return nowMs;
    },
    currentMs() {
      return nowMs + Math.min(Math.max(clock.monotonicMs() - tickedAtMs, 0), MAX_STEP_MS);
    },
    tick() {
      const monotonicMs = clock.monotonicMs();
      const passedMs = Math.max(monotonicMs - tickedAtMs, 0);
      const stepMs = Math.min(passedMs, MAX_STEP_MS);
      nowMs += stepMs;
      tickedAtMs = monotonicMs;
      return passedMs - stepMs;
    },
    resume() {
      tickedAtMs = clock.monotonicMs();
    },
  };
}
