/**
 * How many leases ran out lately: counts by time over a sliding window.
 *
 * Bound: at most about 40 buckets, whatever happens; a count is exact but for the width of one bucket (1/32 of the window).
 */
const BUCKETS = 32;

export interface LapseWindow {
  /** `windowMs` is how long this addition matters; a longer one never shortens an earlier. */
  add(nowMs: number, windowMs: number, lapses: number): void;
  /** Lapses after `sinceMs`. */
  count(sinceMs: number): number;
  isOver(nowMs: number): boolean;
}

export function createLapseWindow(): LapseWindow {
  let buckets: { atMs: number; lapses: number }[] = [];
  let longestMs = 0;

  return {
    add(nowMs, windowMs, lapses) {
      longestMs = Math.max(longestMs, windowMs);
      const last = buckets.at(-1);
      if (last !== undefined && nowMs - last.atMs < longestMs / BUCKETS) last.lapses += lapses;
      else {
        buckets = buckets.filter(({ atMs }) => atMs > nowMs - longestMs);
        buckets.push({ atMs: nowMs, lapses });
      }
    },
    count(sinceMs) {
      return buckets.reduce((sum, { atMs, lapses }) => (atMs > sinceMs ? sum + lapses : sum), 0);
    },
    isOver(nowMs) {
      const last = buckets.at(-1);
      return last === undefined || last.atMs <= nowMs - longestMs;
    },
  };
}
