/**
 * Which checks there are to probe: follows the registry's changes, and says of each change what it means for probing.
 *
 * A slot's checks live and die together, with its generation: when that moves, or its address or checks change, the old ones are
 * dropped and new ones made. A change of anything else (weight, status, intent) leaves them as they are.
 * Bound: one object an active check, and one an instance that has any.
 */
import { isDeepStrictEqual } from 'node:util';
import type { InstanceRecord, InstanceRef } from '@rollcall/core';
import { type ActiveSpec, aimOf, isActive, plainHost } from './check-aim.ts';
import type { Job } from './fair-queue.ts';
import { NOWHERE } from './heap.ts';
import type { Outcome } from './outcome.ts';
import { meansThisMachine } from './target.ts';

export interface TrackedCheck extends Job {
  readonly owner: TrackedInstance;
  /** Position in the record's checks. */
  readonly index: number;
  readonly spec: ActiveSpec;
  /** Dropped: whatever still comes of it is for nobody. */
  gone: boolean;
  /** When the last probe began, minus infinity before the first. */
  startedMs: number;
  flight: Flight | undefined;
  /** Of the last probe, with when it ended. */
  last: { readonly outcome: Outcome; readonly atMs: number } | undefined;
}

export interface TrackedInstance {
  readonly ref: InstanceRef;
  record: InstanceRecord;
  checks: readonly TrackedCheck[];
}

/** A probe on its way. */
export interface Flight {
  readonly abort: AbortController;
  readonly outcome: Promise<Outcome>;
}

export interface Tracked {
  /** Checks that are tracked. */
  readonly size: number;
  /**
   * Takes in an instance as it is now. Checks that are new to us go to `begin`, with the one they replace if the instance and the host
   * are the same; those that are over go to `end`.
   */
  put(ref: InstanceRef, record: InstanceRecord, begin: (check: TrackedCheck, before: TrackedCheck | undefined) => void): void;
  delete(ref: InstanceRef): void;
  find(ref: InstanceRef, index: number): TrackedCheck | undefined;
  all(): Iterable<TrackedCheck>;
}

export function createTracked(end: (check: TrackedCheck) => void): Tracked {
  const bySlot = new Map<number, TrackedInstance>();
  let size = 0;

  function drop(instance: TrackedInstance): void {
    bySlot.delete(instance.ref.slot);
    size -= instance.checks.length;
    for (const check of instance.checks) {
      check.gone = true;
      end(check);
    }
  }

  return {
    get size() {
      return size;
    },
    put(ref, record, begin) {
      const before = bySlot.get(ref.slot);
      if (before !== undefined && before.ref.generation > ref.generation) return;
      if (before !== undefined && before.ref.generation === ref.generation && probesAlike(before.record, record)) {
        before.record = record;
        return;
      }
      if (before !== undefined) drop(before);
      if (!record.checks.some(isActive)) return;
      const instance = track(ref, record);
      bySlot.set(ref.slot, instance);
      size += instance.checks.length;
      for (const check of instance.checks) {
        const same =
          before?.record.id === record.id
            ? before.checks.find(({ index, host }) => index === check.index && host === check.host)
            : undefined;
        // How often a check is probed is bounded over its lives too.
        check.startedMs = same?.startedMs ?? check.startedMs;
        begin(check, same);
      }
    },
    delete(ref) {
      const instance = bySlot.get(ref.slot);
      if (instance !== undefined && instance.ref.generation <= ref.generation) drop(instance);
    },
    find(ref, index) {
      const instance = bySlot.get(ref.slot);
      return instance?.ref.generation === ref.generation ? instance.checks.find((check) => check.index === index) : undefined;
    },
    *all() {
      for (const { checks } of bySlot.values()) yield* checks;
    },
  };
}

function track(ref: InstanceRef, record: InstanceRecord): TrackedInstance {
  const checks: TrackedCheck[] = [];
  const instance: TrackedInstance = { ref, record, checks };
  record.checks.forEach((spec, index) => {
    if (!isActive(spec)) return;
    checks.push({
      owner: instance,
      index,
      spec,
      host: hostKey(record, spec),
      key: 0,
      place: NOWHERE,
      state: 'idle',
      gone: false,
      startedMs: Number.NEGATIVE_INFINITY,
      flight: undefined,
      last: undefined,
    });
  });
  // A copy has no room to grow, which would be more than all the rest of a million instances with one check each.
  instance.checks = checks.slice();
  return instance;
}

/** What the bound of a host is kept by: all spellings of this machine are one. */
function hostKey(record: InstanceRecord, spec: ActiveSpec): string {
  const registered = record.address.host;
  const elsewhere = spec.kind === 'http' && spec.url !== undefined;
  const host = (elsewhere ? aimOf(record, spec)?.host : plainHost(registered)) ?? '';
  if (meansThisMachine(host)) return 'localhost';
  // The record's own string, where it is the same: there may be a million.
  return host === registered ? registered : host;
}

function probesAlike(a: InstanceRecord, b: InstanceRecord): boolean {
  return a === b || (isDeepStrictEqual(a.address, b.address) && isDeepStrictEqual(a.checks, b.checks));
}
