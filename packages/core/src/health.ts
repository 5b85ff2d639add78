/**
 * Rise, fall and flapping: turns what probes see into the state of a check.
 *
 * `fall` failures in a row make it failing, `rise` passes in a row make it passing again; the first pass after unknown
 * counts at once. One that flaps is held down longer each time: every return to failing within `FLAP_MEMORY_MS` of the
 * last doubles the passes it needs, up to 32 times.
 * Bound: O(1) a check; memory only for instances with checks. Failures this answers: consul#1212, consul#2890.
 */
import type { CheckSpec, CheckState } from './model.ts';

/** How long one flap is remembered, in ms of lease time. */
export const FLAP_MEMORY_MS = 10 * 60_000;
const MAX_DOUBLINGS = 5;

export interface CheckMemory {
  /** What the results come to: ahead of what is stored while that is being committed, or while the store is down. */
  state: CheckState;
  /** Results in a row that speak for the other state. */
  streak: number;
  /** Times that it fell, as long as each followed the last within `FLAP_MEMORY_MS`. */
  falls: number;
  fellAtMs: number;
  lastOutput: string | undefined;
}

export function createCheckMemory(state: CheckState): CheckMemory {
  return { state, streak: 0, falls: 0, fellAtMs: Number.NEGATIVE_INFINITY, lastOutput: undefined };
}

/** Takes one result in; `nowMs` is lease time. Whether the state of `memory` has changed. */
export function judge(memory: CheckMemory, spec: CheckSpec, passed: boolean, nowMs: number): boolean {
  const speaksFor = passed ? 'passing' : 'failing';
  if (memory.state === speaksFor) {
    memory.streak = 0;
    return false;
  }
  memory.streak += 1;
  if (memory.streak < resultsNeeded(memory, spec, passed, nowMs)) return false;
  memory.streak = 0;
  memory.state = speaksFor;
  if (!passed) {
    memory.falls = nowMs - memory.fellAtMs < FLAP_MEMORY_MS ? memory.falls + 1 : 1;
    memory.fellAtMs = nowMs;
  }
  return true;
}

function resultsNeeded(memory: CheckMemory, spec: CheckSpec, passed: boolean, nowMs: number): number {
  if (!passed) return spec.fall;
  if (memory.state === 'unknown') return 1;
  const flaps = nowMs - memory.fellAtMs < FLAP_MEMORY_MS ? memory.falls - 1 : 0;
  return spec.rise * 2 ** Math.min(Math.max(flaps, 0), MAX_DOUBLINGS);
}
