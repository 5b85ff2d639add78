/**
 * The mass-expiry guard: when most of a service, or of everything, seems to die at once, the likelier culprit is us or
 * the network between. Nobody is declared late before their address has been asked.
 *
 * Where lapses are too many (see `guard-scopes.ts`), each is asked by one TCP connect (one for all at the same address that
 * lapse together; a refusal stands for `REFUSAL_STANDS_MS`). Refused: it goes at once. Accepted or silent: it stays in answers, late and held, for one further TTL
 * after its lease ran out, at most `MAX_HOLD_MS`; then it goes. One with a gating check is judged by that check instead.
 * Those that lapsed earlier in the window, before there were enough to see the pattern, are asked too.
 *
 * Bound: an instance is asked at most once until it is heard; O(instances) time in a tick in which the guard begins.
 */
import type { Catalog, ServiceEntry } from './catalog.ts';
import { ASKED, HELD, LAPSED, SPARED } from './flags.ts';
import type { LeaseClock } from './clock.ts';
import { createGuardScopes, MAX_HOLD_MS } from './guard-scopes.ts';
import type { Leases } from './leases.ts';
import type { InstanceRef } from './model.ts';
import type { Notice, Reachability, RegistryOptions } from './registry.ts';
import { hasFailingGate, isLate } from './standing.ts';

/** Verdicts carried out in one tick. */
const VERDICTS_AT_ONCE = 10_000;
/** For whoever lapses at the same address within this time, in ms of lease time, a refusal needs no second asking. */
const REFUSAL_STANDS_MS = 1_000;

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

export function createGuard({ catalog, leases, clock, reach, announce }: GuardOptions): Guard {
  const scopes = createGuardScopes(catalog, clock, announce);
  const asking = new Map<string, InstanceRef[]>();
  const verdicts: { refs: InstanceRef[]; verdict: Reachability }[] = [];
  const heldAtOnce: InstanceRef[] = [];
  /** When each address last refused, oldest first. */
  const refusedAtMs = new Map<string, number>();

  function judge(found: readonly number[]): InstanceRef[] {
    scopes.expire();
    forgetRefusals();
    const goes: InstanceRef[] = [];
    const lapses: number[] = [];
    const dying = new Map<ServiceEntry, number[]>();
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
    if (!leases.isBehind) catalog.unmarkedIs = 'lapsed';
    if (lapses.length === 0) return goes;
    const everything = scopes.trips(undefined, lapses.length, longestTtl(lapses));
    // Those whose turn to be marked has not come are no worse off than those who are asked.
    if (leases.isBehind) catalog.unmarkedIs = everything === 'no' ? 'lapsed' : 'held';
    const began: { readonly members: readonly number[] | undefined; readonly windowMs: number }[] = [];
    if (everything === 'began') began.push({ members: undefined, windowMs: longestTtl(lapses) });
    for (const [entry, slots] of dying) {
      const windowMs = longestTtl(slots);
      const service = scopes.trips(entry, slots.length, windowMs);
      const spared = service !== 'no' || everything !== 'no';
      for (const slot of slots) if (!spared || !spare(slot)) goes.push(catalog.refOf(slot));
      if (service === 'began') began.push({ members: entry.members, windowMs });
    }
    for (const { members, windowMs } of began) askEarlierOnes(members, clock.nowMs - windowMs);
    return goes;
  }

  /** Whether a lapsed slot was alive until now: neither late already nor spared once. */
  function isAliveButFor(slot: number): boolean {
    return !isLate(catalog.columns.standing[slot] ?? 0) && !has(slot, SPARED);
  }

  function longestTtl(slots: readonly number[]): number {
    return slots.reduce((longest, slot) => Math.max(longest, catalog.recordAt(slot).lease.ttlMs), 0);
  }

  /** Keeps a lapsed instance until it is known what it is; false where its own check says so, or it is too late. */
  function spare(slot: number): boolean {
    const gate = gateOf(slot);
    if (gate === 'failing') return false;
    if (gate === 'none' && refusedJustNow(slot)) {
      scopes.tally(catalog.serviceAt(slot), 'refused');
      return false;
    }
    if (!holdNow(slot)) return false;
    if (gate === 'none') ask(slot);
    else heldAtOnce.push(catalog.refOf(slot));
    return true;
  }

  function refusedJustNow(slot: number): boolean {
    const atMs = refusedAtMs.get(addressOf(slot));
    return atMs !== undefined && clock.nowMs - atMs <= REFUSAL_STANDS_MS;
  }

  function addressOf(slot: number): string {
    const { host, port } = catalog.recordAt(slot).address;
    return `${host}\0${port}`;
  }

  function forgetRefusals(): void {
    for (const [address, atMs] of refusedAtMs) {
      if (clock.nowMs - atMs <= REFUSAL_STANDS_MS) return;
      refusedAtMs.delete(address);
    }
  }

  function gateOf(slot: number): 'none' | 'failing' | 'not-failing' {
    const record = catalog.recordAt(slot);
    if (!record.checks.some((spec) => spec.gates)) return 'none';
    return hasFailingGate(record, catalog.columns.standing[slot] ?? 0) ? 'failing' : 'not-failing';
  }

  /** Of `members`, or of all: those that ran out after `sinceMs`, whether that was decided meanwhile or not. */
  function askEarlierOnes(members: readonly number[] | undefined, sinceMs: number): void {
    const count = members?.length ?? catalog.capacity;
    for (let index = 0; index < count; index += 1) {
      const slot = members?.[index] ?? index;
      if (catalog.records[slot] === undefined || has(slot, SPARED)) continue;
      const late = isLate(catalog.columns.standing[slot] ?? 0);
      // Not one that runs, nor one that is late and whose removal is due.
      if (late === has(slot, LAPSED) || ranOutAtMs(slot) <= sinceMs) continue;
      const gate = gateOf(slot);
      if (!late) spare(slot);
      else if (gate === 'none') ask(slot);
      else if (gate === 'not-failing' && holdNow(slot)) heldAtOnce.push(catalog.refOf(slot));
    }
  }

  function ask(slot: number): void {
    catalog.setFlags(slot, flagsOf(slot) | ASKED | SPARED);
    const key = addressOf(slot);
    const waiting = asking.get(key);
    if (waiting !== undefined) {
      waiting.push(catalog.refOf(slot));
      return;
    }
    asking.set(key, [catalog.refOf(slot)]);
    const answered = (verdict: Reachability): void => {
      verdicts.push({ refs: asking.get(key) ?? [], verdict });
      asking.delete(key);
      if (verdict !== 'refused') return;
      refusedAtMs.delete(key);
      refusedAtMs.set(key, clock.nowMs);
    };
    reach(catalog.recordAt(slot).address).then(answered, () => answered('silent'));
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
        if (slot === undefined || !has(slot, ASKED)) continue;
        catalog.setFlags(slot, flagsOf(slot) & ~ASKED);
        scopes.tally(catalog.serviceAt(slot), next.verdict);
        if (next.verdict !== 'refused') {
          if (has(slot, HELD) || (!has(slot, LAPSED) && holdNow(slot))) held.push(ref);
        } else if (has(slot, HELD)) {
          // One that was kept while it was asked goes now; one that was late already stays so.
          letGo(slot);
          if (has(slot, LAPSED)) refused.push(ref);
        }
      }
      if (next.refs.length === 0) verdicts.shift();
    }
    return { refused, held };
  }

  /** In answers again, or still, whether or not anybody answers; false where its time to be held is over. */
  function holdNow(slot: number): boolean {
    const untilMs = ranOutAtMs(slot) + holdMs(slot);
    if (untilMs <= clock.nowMs) return false;
    catalog.setFlags(slot, (flagsOf(slot) & ~LAPSED) | HELD | SPARED);
    leases.setDeadline(slot, untilMs);
    return true;
  }

  /** As if it had never been held. */
  function letGo(slot: number): void {
    const ranOut = ranOutAtMs(slot);
    const late = isLate(catalog.columns.standing[slot] ?? 0);
    const { ttlMs, removeAfterMs } = catalog.recordAt(slot).lease;
    leases.setDeadline(slot, ranOut + (late ? removeAfterMs - ttlMs : 0));
    catalog.setFlags(slot, (flagsOf(slot) & ~HELD) | (late ? 0 : LAPSED));
  }

  /** Lease time at which the lease ran out, of one that did. */
  function ranOutAtMs(slot: number): number {
    const deadlineMs = catalog.columns.deadlineMs[slot] ?? 0;
    if (has(slot, HELD)) return deadlineMs - holdMs(slot);
    const { ttlMs, removeAfterMs } = catalog.recordAt(slot).lease;
    return isLate(catalog.columns.standing[slot] ?? 0) ? deadlineMs - (removeAfterMs - ttlMs) : deadlineMs;
  }

  function holdMs(slot: number): number {
    return Math.min(catalog.recordAt(slot).lease.ttlMs, MAX_HOLD_MS);
  }

  function flagsOf(slot: number): number {
    return catalog.columns.flags[slot] ?? 0;
  }

  function has(slot: number, flag: number): boolean {
    return (flagsOf(slot) & flag) !== 0;
  }

  return { judge, settle, inForce: scopes.inForce };
}
