/**
 * When the mass-expiry guard is in force: for each service, and over all, whether more than half, and at least three, of
 * those alive at the beginning of a sliding window of one TTL have lapsed.
 *
 * Recovers by itself: only what was alive at the window's beginning counts, never a ghost (eureka#1247).
 * Bound: O(services with a recent lapse) memory. Counting stops at as many alive as have lapsed, so it takes about as long
 * as there were lapses while most are well, and O(instances) in a tick in which most are not.
 */
import type { Catalog, ServiceEntry } from './catalog.ts';
import { HELD } from './flags.ts';
import type { LeaseClock } from './clock.ts';
import { createLapseWindow, type LapseWindow } from './lapse-window.ts';
import type { Reachability, RegistryOptions } from './registry.ts';
import { isLate } from './standing.ts';

/** The longest that a late instance is held, in ms of lease time. */
export const MAX_HOLD_MS = 10 * 60_000;
const AT_LEAST = 3;
const EVERYTHING = '*';

export interface GuardScopes {
  /**
   * Takes lapses in, of one service or, with `undefined`, of all, within the longest of their TTLs, and says whether they
   * are too many: `began` where those before them, within the same window, were not.
   */
  trips(entry: ServiceEntry | undefined, lapses: number, windowMs: number): 'no' | 'began' | 'goes-on';
  /** Counts what an asked address answered. */
  tally(entry: ServiceEntry, verdict: Reachability): void;
  /** Announces and forgets what is over. */
  expire(): void;
  /** Names of those in force, most recent first; `*` is all services. */
  inForce(): string[];
}

interface Scope {
  readonly name: string;
  readonly window: LapseWindow;
  /** Lease time at which it ends, unless it trips again; undefined while it is not in force. */
  untilMs: number | undefined;
  /** Whether the last lapses were too many. */
  tripped: boolean;
  announced: boolean;
  refused: number;
  held: number;
}

export function createGuardScopes(catalog: Catalog, clock: LeaseClock, announce: NonNullable<RegistryOptions['announce']>): GuardScopes {
  /** By the service's name; `undefined` is all of them, since a service may have any name. */
  const scopes = new Map<string | undefined, Scope>();
  let sweptAtMs = 0;

  function scopeOf(entry: ServiceEntry | undefined): Scope | undefined {
    let scope = scopes.get(entry?.name);
    if (scope === undefined && (entry?.size ?? AT_LEAST) >= AT_LEAST) {
      const name = entry?.name ?? EVERYTHING;
      scope = { name, window: createLapseWindow(), untilMs: undefined, tripped: false, announced: false, refused: 0, held: 0 };
      scopes.set(entry?.name, scope);
    }
    return scope;
  }

  /** How many were alive before `sinceMs` and are now, in all or among `members`; counts no further than `enough`. */
  function aliveSince(members: readonly number[] | undefined, sinceMs: number, enough: number): number {
    const { deadlineMs, standing, flags, bornMs } = catalog.columns;
    const { nowMs } = clock;
    const count = members?.length ?? catalog.capacity;
    let alive = 0;
    for (let index = 0; index < count && alive < enough; index += 1) {
      const slot = members === undefined ? index : (members[index] ?? 0);
      const deadline = deadlineMs[slot] ?? 0;
      // A free slot's deadline is infinite.
      if (deadline <= nowMs || deadline === Number.POSITIVE_INFINITY || ((flags[slot] ?? 0) & HELD) !== 0) continue;
      if (!isLate(standing[slot] ?? 0) && (bornMs[slot] ?? 0) <= sinceMs) alive += 1;
    }
    return alive;
  }

  return {
    trips(entry, lapses, windowMs) {
      const scope = scopeOf(entry);
      if (scope === undefined) return 'no';
      const before = scope.tripped;
      const sinceMs = clock.nowMs - windowMs;
      scope.window.add(clock.nowMs, windowMs, lapses);
      const lapsed = scope.window.count(sinceMs);
      scope.tripped = lapsed >= AT_LEAST && aliveSince(entry?.members, sinceMs, lapsed) < lapsed;
      if (!scope.tripped) return 'no';
      const inForce = scope.untilMs !== undefined;
      scope.untilMs = clock.nowMs + Math.min(windowMs, MAX_HOLD_MS) + windowMs;
      // While everything is guarded, naming each service too would only bury the message.
      if (!inForce && (entry === undefined || scopes.get(undefined)?.untilMs === undefined)) {
        scope.announced = true;
        const alive = lapsed + aliveSince(entry?.members, sinceMs, Number.POSITIVE_INFINITY);
        announce({ kind: 'guard-began', scope: scope.name, lapsing: lapsed, alive });
      }
      return before ? 'goes-on' : 'began';
    },
    tally(entry, verdict) {
      for (const scope of [scopes.get(entry.name), scopes.get(undefined)]) {
        if (scope?.untilMs === undefined) continue;
        if (verdict === 'refused') scope.refused += 1;
        else scope.held += 1;
      }
    },
    expire() {
      // Once a second of lease time is often enough.
      if (clock.nowMs - sweptAtMs < 1_000) return;
      sweptAtMs = clock.nowMs;
      for (const [key, scope] of scopes) {
        if (scope.untilMs !== undefined && clock.nowMs >= scope.untilMs) {
          const { name, held, refused } = scope;
          if (scope.announced) announce({ kind: 'guard-ended', scope: name, held, refused });
          scopes.delete(key);
        } else if (scope.untilMs === undefined && scope.window.isOver(clock.nowMs)) scopes.delete(key);
      }
    },
    inForce() {
      const names: string[] = [];
      for (const { name, untilMs } of scopes.values()) if (untilMs !== undefined) names.push(name);
      return names.toReversed();
    },
  };
}
