/**
 * The part of an instance's state that is durable but is not its record: is its lease late, has it ever sent a heartbeat
 * of its own, what each check last said. One integer, so that a million of them are one typed array and one column.
 *
 * Bits: 0 late, 1 heard, then two a check in the order of `record.checks` (0 unknown, 1 passing, 2 failing).
 * Bound: 8 checks, 18 bits.
 */
import type { CheckState, InstanceRecord } from './model.ts';

const LATE = 1;
const HEARD = 2;
const FIRST_CHECK_BIT = 2;
const CHECK_STATES: readonly CheckState[] = ['unknown', 'passing', 'failing'];

/** Alive, never heard, every check unknown. */
export const NEW_STANDING = 0;

export function isLate(standing: number): boolean {
  return (standing & LATE) !== 0;
}

export function withLate(standing: number, late: boolean): number {
  return late ? standing | LATE : standing & ~LATE;
}

/** Whether it has sent a heartbeat of its own: from then on a passing check no longer renews its lease. */
export function isHeard(standing: number): boolean {
  return (standing & HEARD) !== 0;
}

export function withHeard(standing: number): number {
  return standing | HEARD;
}

export function checkState(standing: number, check: number): CheckState {
  return CHECK_STATES[(standing >> (FIRST_CHECK_BIT + 2 * check)) & 3] ?? 'unknown';
}

export function withCheckState(standing: number, check: number, state: CheckState): number {
  const shift = FIRST_CHECK_BIT + 2 * check;
  return (standing & ~(3 << shift)) | (CHECK_STATES.indexOf(state) << shift);
}

/** Whether a check that gates discovery is failing. */
export function hasFailingGate(record: InstanceRecord, standing: number): boolean {
  if (standing >> FIRST_CHECK_BIT === 0) return false;
  return record.checks.some((spec, check) => spec.gates && checkState(standing, check) === 'failing');
}

/** The check states that still mean the same after a record was replaced: those of checks that did not change, at an address that did not. */
export function carriedStanding(before: InstanceRecord, standing: number, after: InstanceRecord): number {
  let carried = standing & (LATE | HEARD);
  if (!sameTarget(before, after)) return carried;
  after.checks.forEach((spec, check) => {
    const old = before.checks.findIndex((candidate) => sameJson(candidate, spec));
    if (old >= 0) carried = withCheckState(carried, check, checkState(standing, old));
  });
  return carried;
}

/** Whether results of probes that are under way would speak of something else. */
export function movesChecks(before: InstanceRecord, after: InstanceRecord): boolean {
  return !sameTarget(before, after) || !sameJson(before.checks, after.checks);
}

function sameTarget(before: InstanceRecord, after: InstanceRecord): boolean {
  return sameJson(before.address, after.address) && before.url === after.url;
}

/** Equality of plain JSON data; keys in any order. Depth is bounded by `valueLimits.metadataDepth`. */
export function sameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const aEntries = Object.entries(a);
  if (aEntries.length !== Object.keys(b).length) return false;
  return aEntries.every(([key, value]) => Object.hasOwn(b, key) && sameJson(value, (b as Record<string, unknown>)[key]));
}
