/**
 * Leases: a heartbeat writes a deadline, a scan finds those that passed. No timer and no allocation per lease.
 *
 * The earliest deadline is remembered as a lower bound, so a scan (about a millisecond per million) happens only when a
 * lease may really have run out; heartbeats only move deadlines away from it. What a scan finds is marked, and leaves
 * answers in the same tick; it is decided in a later one, after the sockets were read.
 * Bound: a tick marks at most `MARK_AT_ONCE`; beyond that, answers go by the deadline itself until the next tick, and those made
 * before are outdated.
 */
import type { Catalog } from './catalog.ts';
import { ASKED, HELD, IN_GRACE, LAPSED, OWED, SPARED } from './flags.ts';
import type { Clock, LeaseClock } from './clock.ts';
import { isLate } from './standing.ts';

const MARK_AT_ONCE = 10_000;
const UNTIL_HEARD = LAPSED | ASKED | HELD | SPARED | IN_GRACE | OWED;

export interface Leases {
  /** The lease begins anew at this moment, and whatever its lapse had led to is off. */
  renew(slot: number): void;
  /** Runs out at `deadlineMs` of lease time, without being a renewal. */
  setDeadline(slot: number, deadlineMs: number): void;
  /** Marks the leases that ran out since the last scan and returns their slots. */
  scan(): number[];
  /** Whether the last scan left some unmarked. */
  readonly isBehind: boolean;
}

export function createLeases(catalog: Catalog, leaseClock: LeaseClock, clock: Clock): Leases {
  let earliestMs = Number.POSITIVE_INFINITY;
  let isBehind = false;

  function setDeadline(slot: number, deadlineMs: number): void {
    catalog.columns.deadlineMs[slot] = deadlineMs;
    if (deadlineMs < earliestMs) earliestMs = deadlineMs;
  }

  return {
    renew(slot) {
      const { flags, heardAtMs, standing } = catalog.columns;
      heardAtMs[slot] = clock.wallMs();
      setDeadline(slot, leaseClock.currentMs() + catalog.recordAt(slot).lease.ttlMs);
      const flag = flags[slot] ?? 0;
      const owed = isLate(standing[slot] ?? 0) ? OWED : 0;
      if ((flag & UNTIL_HEARD) !== owed) catalog.setFlags(slot, (flag & ~UNTIL_HEARD) | owed);
    },
    setDeadline,
    scan() {
      const { nowMs } = leaseClock;
      const found: number[] = [];
      isBehind = false;
      if (nowMs < earliestMs) return found;
      const { deadlineMs, flags } = catalog.columns;
      const { capacity } = catalog;
      let nextMs = Number.POSITIVE_INFINITY;
      for (let slot = 0; slot < capacity; slot += 1) {
        const deadline = deadlineMs[slot] ?? Number.POSITIVE_INFINITY;
        if (deadline > nowMs) {
          if (deadline < nextMs) nextMs = deadline;
        } else if (((flags[slot] ?? 0) & LAPSED) === 0) {
          if (found.length === MARK_AT_ONCE) {
            nextMs = nowMs;
            isBehind = true;
            catalog.outdatedAt = catalog.epoch += 1;
            break;
          }
          found.push(slot);
        }
      }
      earliestMs = nextMs;
      for (const slot of found) catalog.setFlags(slot, (flags[slot] ?? 0) | LAPSED);
      return found;
    },
    get isBehind() {
      return isBehind;
    },
  };
}
