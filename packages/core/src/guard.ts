/**
 * The mass-expiry guard: when most of a service, or of everything, seems to die at once, the likelier culprit is us or
 * the network between. Nobody is declared late before their address has been asked.
 *
 * Over a sliding window of one TTL, for each service and over all: if more than half, and at least three, of those alive
 * at its beginning lapse, each is asked by one TCP connect (one for all at the same address). Refused: it goes at once.
 * Accepted or silent: it stays in answers, late and held, for one further TTL, at most `MAX_HOLD_MS`; then it goes. One
 * with a gating check is judged by that check instead. Those of the same service that lapsed earlier in the window, before
 * there were enough to see the pattern, are asked too.
 *
 * Recovers by itself: only what was alive at the window's beginning counts, never a ghost (eureka#1247).
 * Bound: O(services with a recent lapse) memory; O(instances) time in a tick in which three or more lapse.
 */
import { ASKED, type Catalog, HELD, LAPSED, type ServiceEntry, SPARED } from './catalog.ts';
import type { LeaseClock } from './clock.ts';
import type { Leases } from './leases.ts';
import { createLapseWindow, type LapseWindow } from './lapse-window.ts';
import type { InstanceRef } from './model.ts';
import type { Notice, Reachability, RegistryOptions } from './registry.ts';
import { hasFailingGate, isLate } from './standing.ts';

/** The longest that a late instance is held, in ms of lease time. */
export const MAX_HOLD_MS = 10 * 60_000;
const AT_LEAST = 3;
/** Verdicts carried out in one tick. */
const VERDICTS_AT_ONCE = 20_000;
const EVERYTHING = '*';

export interface Guard {
  /** Looks at the leases that this tick found lapsed, and returns those that may be decided; the rest is kept and asked. */
  judge(lapsed: readonly number[]): InstanceRef[];
  /** Carries out what the asked addresses answered. */
  settle(): { readonly refused: InstanceRef[]; readonly held: InstanceRef[] };
  /** Scopes in force, most recent first. */
  inForce(): string[];
}

export interface GuardOptions {
  readonly catalog: Catalog;
  readonly leases: Leases;
  readonly clock: LeaseClock;
  readonly reach: RegistryOptions['reach'];
  readonly announce: (notice: Notice) => void;
}

interface Scope {
  readonly window: LapseWindow;
  /** Lease time at which it ends, unless it trips again; undefined while it is not in force. */
  untilMs: number | undefined;
  announced: boolean;
  refused: number;
  held: number;
}

export function createGuard({ catalog, leases, clock, reach, announce }: GuardOptions): Guard {
  const scopes = new Map<string, Scope>();
  const asking = new Map<string, InstanceRef[]>();
  const verdicts: { refs: InstanceRef[]; verdict: Reachability }[] = [];
  const heldAtOnce: InstanceRef[] = [];

  function judge(found: readonly number[]): InstanceRef[] {
    expireScopes();
    const goes: InstanceRef[] = [];
    const dying = new Map<ServiceEntry, number[]>();
    const lapses: number[] = [];
    for (const slot of found) {
      if (!isAliveButFor(slot)) {
        goes.push(catalog.refOf(slot));
        continue;
      }
      lapses.push(slot);
      const entry = catalog.serviceAt(slot);
      const others = dying.get(entry);
      if (others === undefined) dying.set(entry, [slot]);
      else others.push(slot);
    }
    const everything = lapses.length > 0 && trips(EVERYTHING, lapses, allSlots, lapses.length >= AT_LEAST || scopes.has(EVERYTHING));
    for (const [entry, slots] of dying) {
      const service = trips(entry.name, slots, () => entry.members, entry.size >= AT_LEAST || scopes.has(entry.name));
      if (service || everything) for (const slot of slots) spare(slot, goes);
      else for (const slot of slots) goes.push(catalog.refOf(slot));
      if (service) askEarlierOnes(entry, longestTtl(slots));
    }
    return goes;
  }

  /** Whether a lapsed slot was alive until now: neither late already nor spared once. */
  function isAliveButFor(slot: number): boolean {
    return !isLate(catalog.columns.standing[slot] ?? 0) && ((catalog.columns.flags[slot] ?? 0) & SPARED) === 0;
  }

  function* allSlots(): Iterable<number> {
    for (let slot = 0; slot < catalog.capacity; slot += 1) if (catalog.records[slot] !== undefined) yield slot;
  }

  function trips(name: string, lapses: readonly number[], members: () => Iterable<number>, worthCounting: boolean): boolean {
    if (!worthCounting) return false;
    const windowMs = longestTtl(lapses);
    let scope = scopes.get(name);
    if (scope === undefined) {
      scope = { window: createLapseWindow(), untilMs: undefined, announced: false, refused: 0, held: 0 };
      scopes.set(name, scope);
    }
    scope.window.add(clock.nowMs, windowMs, lapses.length);
    const lapsed = scope.window.count(clock.nowMs - windowMs);
    if (lapsed < AT_LEAST) return false;
    const alive = aliveSince(members(), clock.nowMs - windowMs);
    if (lapsed * 2 <= lapsed + alive) return false;
    const began = scope.untilMs === undefined;
    scope.untilMs = clock.nowMs + Math.min(windowMs, MAX_HOLD_MS) + windowMs;
    // While everything is guarded, naming each service too would only bury the message.
    if (began && (name === EVERYTHING || scopes.get(EVERYTHING)?.untilMs === undefined)) {
      scope.announced = true;
      announce({ kind: 'guard-began', scope: name, lapsing: lapsed, alive: lapsed + alive });
    }
    return true;
  }

  function aliveSince(members: Iterable<number>, sinceMs: number): number {
    const { deadlineMs, standing, flags, bornMs } = catalog.columns;
    let alive = 0;
    for (const slot of members) {
      const runs = (deadlineMs[slot] ?? 0) > clock.nowMs && ((flags[slot] ?? 0) & HELD) === 0;
      if (runs && !isLate(standing[slot] ?? 0) && (bornMs[slot] ?? 0) <= sinceMs) alive += 1;
    }
    return alive;
  }

  function longestTtl(slots: readonly number[]): number {
    return slots.reduce((longest, slot) => Math.max(longest, catalog.recordAt(slot).lease.ttlMs), 0);
  }

  /** Keeps a lapsed instance until it is known what it is. */
  function spare(slot: number, goes: InstanceRef[]): void {
    const record = catalog.recordAt(slot);
    const gated = record.checks.some((spec) => spec.gates);
    if (gated && hasFailingGate(record, catalog.columns.standing[slot] ?? 0)) {
      goes.push(catalog.refOf(slot));
      return;
    }
    holdNow(slot);
    if (gated) heldAtOnce.push(catalog.refOf(slot));
    else ask(slot);
  }

  function askEarlierOnes(entry: ServiceEntry, windowMs: number): void {
    const { standing, flags, deadlineMs } = catalog.columns;
    for (const slot of entry.members) {
      if (!isLate(standing[slot] ?? 0) || ((flags[slot] ?? 0) & (SPARED | ASKED | LAPSED)) !== 0) continue;
      const { lease } = catalog.recordAt(slot);
      const lateSinceMs = (deadlineMs[slot] ?? 0) - (lease.removeAfterMs - lease.ttlMs);
      if (lateSinceMs > clock.nowMs - windowMs) ask(slot);
    }
  }

  function ask(slot: number): void {
    catalog.setFlags(slot, (catalog.columns.flags[slot] ?? 0) | ASKED);
    const { address } = catalog.recordAt(slot);
    const key = `${address.host}\0${address.port}`;
    const waiting = asking.get(key);
    if (waiting !== undefined) {
      waiting.push(catalog.refOf(slot));
      return;
    }
    asking.set(key, [catalog.refOf(slot)]);
    const answered = (verdict: Reachability): void => {
      verdicts.push({ refs: asking.get(key) ?? [], verdict });
      asking.delete(key);
    };
    reach(address).then(answered, () => answered('silent'));
  }

  function settle(): { refused: InstanceRef[]; held: InstanceRef[] } {
    const refused: InstanceRef[] = [];
    const held = heldAtOnce.splice(0);
    let budget = VERDICTS_AT_ONCE;
    for (let next = verdicts[0]; next !== undefined && budget > 0; next = verdicts[0]) {
      const refs = next.refs.splice(-budget);
      budget -= refs.length;
      for (const ref of refs) {
        const slot = catalog.current(ref);
        const flag = slot === undefined ? 0 : (catalog.columns.flags[slot] ?? 0);
        if (slot === undefined || (flag & ASKED) === 0) continue;
        tally(catalog.serviceAt(slot).name, next.verdict);
        if (next.verdict === 'refused') {
          catalog.setFlags(slot, flag & ~ASKED);
          // One that was kept while it was asked goes now; one that was late already stays so.
          if ((flag & HELD) !== 0) {
            letGo(slot);
            refused.push(ref);
          }
        } else {
          catalog.setFlags(slot, flag & ~ASKED);
          if ((flag & (HELD | LAPSED)) === 0) holdNow(slot);
          held.push(ref);
        }
      }
      if (next.refs.length === 0) verdicts.shift();
    }
    return { refused, held };
  }

  /** In answers again, or still, until one further TTL is over, whether or not anybody answers. */
  function holdNow(slot: number): void {
    const { flags, deadlineMs } = catalog.columns;
    const flag = flags[slot] ?? 0;
    const lapsedAtMs = (flag & LAPSED) === 0 ? clock.nowMs : (deadlineMs[slot] ?? clock.nowMs);
    catalog.setFlags(slot, (flag & ~LAPSED) | HELD | SPARED);
    leases.setDeadline(slot, lapsedAtMs + holdMs(slot));
  }

  /** As if it had never been held. */
  function letGo(slot: number): void {
    const { flags, deadlineMs } = catalog.columns;
    catalog.setFlags(slot, ((flags[slot] ?? 0) & ~HELD) | LAPSED);
    leases.setDeadline(slot, (deadlineMs[slot] ?? 0) - holdMs(slot));
  }

  function holdMs(slot: number): number {
    return Math.min(catalog.recordAt(slot).lease.ttlMs, MAX_HOLD_MS);
  }

  function tally(service: string, verdict: Reachability): void {
    for (const scope of [scopes.get(service), scopes.get(EVERYTHING)]) {
      if (scope?.untilMs === undefined) continue;
      if (verdict === 'refused') scope.refused += 1;
      else scope.held += 1;
    }
  }

  let sweptAtMs = 0;
  /** Once a second of lease time: what is over is announced and forgotten. */
  function expireScopes(): void {
    if (clock.nowMs - sweptAtMs < 1_000) return;
    sweptAtMs = clock.nowMs;
    for (const [name, scope] of scopes) {
      if (scope.untilMs !== undefined && clock.nowMs >= scope.untilMs) {
        if (scope.announced) announce({ kind: 'guard-ended', scope: name, held: scope.held, refused: scope.refused });
        scopes.delete(name);
      } else if (scope.untilMs === undefined && scope.window.isOver(clock.nowMs)) scopes.delete(name);
    }
  }

  return {
    judge,
    settle,
    inForce() {
      const names = [...scopes].filter(([, scope]) => scope.untilMs !== undefined).map(([name]) => name);
      return names.toReversed();
    },
  };
}
