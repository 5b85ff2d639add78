/**
 * Applies what was committed: effects → catalog, leases, intents, and the changes that listeners are told. The one place
 * where a change is derived from what happened, so no writer publishes by hand.
 */
import type { Catalog } from './catalog.ts';
import { HELD, LAPSED } from './flags.ts';
import type { LeaseClock } from './clock.ts';
import type { Compact } from './compact.ts';
import type { Effect } from './effects.ts';
import { MAX_HOLD_MS } from './guard-scopes.ts';
import type { IntentTable } from './intents.ts';
import type { Leases } from './leases.ts';
import type { InstanceId, InstanceRecord, Intent, Revision } from './model.ts';
import type { Change, PutCause } from './registry.ts';
import type { Remembered } from './remembered.ts';
import { movesChecks } from './standing.ts';

export interface ApplyOptions {
  readonly catalog: Catalog;
  readonly leases: Leases;
  readonly clock: LeaseClock;
  readonly intents: IntentTable;
  readonly remembered: Remembered;
  readonly compact: Compact;
  /** Called for an instance that was made late although a heartbeat came while that was being committed. */
  readonly heardMeanwhile: (id: InstanceId) => void;
  /** Called for an instance whose lapse was about to be decided under a reference that has just gone stale. */
  readonly movedMeanwhile: (slot: number) => void;
}

/** Applies one effect of the given revision and appends the changes it led to. */
export type Apply = (effect: Effect, revision: Revision, changes: Change[]) => void;

export function createApply({ catalog, leases, clock, intents, remembered, compact, heardMeanwhile, movedMeanwhile }: ApplyOptions): Apply {
  function put(slot: number, cause: PutCause, revision: Revision, changes: Change[], before?: InstanceRecord): void {
    catalog.serviceAt(slot).revision = revision;
    const change: Change = { kind: 'put', revision, cause, ref: catalog.refOf(slot), record: catalog.recordAt(slot) };
    changes.push(before === undefined ? change : { ...change, before });
  }

  function applyPut(effect: Extract<Effect, { kind: 'put' }>, revision: Revision, changes: Change[]): void {
    const record = compact(effect.record);
    remembered.remove(record.id);
    let slot = catalog.slotOf(record.id);
    const before = slot === undefined ? undefined : catalog.recordAt(slot);
    if (slot === undefined || before === undefined) {
      slot = catalog.add(record, effect.row, effect.standing);
      catalog.columns.bornMs[slot] = clock.nowMs;
    } else {
      if (before.service !== record.service) catalog.serviceAt(slot).revision = revision;
      catalog.replace(slot, record, effect.standing, effect.cause === 'registered' || movesChecks(before, record));
    }
    if (effect.renews) leases.renew(slot);
    else if (((catalog.columns.flags[slot] ?? 0) & LAPSED) !== 0) movedMeanwhile(slot);
    put(slot, effect.cause, revision, changes, before);
  }

  function applyStanding(effect: Extract<Effect, { kind: 'standing' }>, revision: Revision, changes: Change[]): void {
    const slot = catalog.slotOf(effect.id);
    if (slot === undefined) return;
    const flag = catalog.columns.flags[slot] ?? 0;
    catalog.setStanding(slot, effect.standing);
    if (effect.renews) leases.renew(slot);
    else if ((effect.cause === 'late' || effect.cause === 'released') && (flag & LAPSED) !== 0) awaitRemoval(slot);
    else if (effect.cause === 'late' && (flag & HELD) === 0) heardMeanwhile(effect.id);
    put(slot, effect.cause, revision, changes);
  }

  /** Late now: the next deadline is that of its removal. */
  function awaitRemoval(slot: number): void {
    const flag = catalog.columns.flags[slot] ?? 0;
    const { ttlMs, removeAfterMs } = catalog.recordAt(slot).lease;
    const heldMs = (flag & HELD) === 0 ? 0 : Math.min(ttlMs, MAX_HOLD_MS);
    leases.setDeadline(slot, (catalog.columns.deadlineMs[slot] ?? 0) + Math.max(removeAfterMs - ttlMs - heldMs, 0));
    catalog.setFlags(slot, flag & ~(LAPSED | HELD));
  }

  function applyDelete(effect: Extract<Effect, { kind: 'delete' }>, revision: Revision, changes: Change[]): void {
    const slot = catalog.slotOf(effect.id);
    if (slot === undefined) return;
    const record = catalog.recordAt(slot);
    catalog.serviceAt(slot).revision = revision;
    changes.push({ kind: 'delete', revision, reason: effect.reason, ref: catalog.refOf(slot), record });
    catalog.remove(slot);
    if (effect.goneAtMs !== 0) remembered.add({ row: effect.row, record, standing: effect.standing, goneAtMs: effect.goneAtMs });
  }

  function applyIntent(intent: Intent, revision: Revision, changes: Change[]): void {
    const slots = slotsOf(intent);
    const before = slots.map((slot) => intents.for(catalog.recordAt(slot)));
    intents.set(intent);
    for (const [index, slot] of slots.entries()) {
      // Where an id's own intent wins, its address's changes nothing.
      if (intents.for(catalog.recordAt(slot)) === before[index]) continue;
      catalog.settle(slot);
      put(slot, 'intent', revision, changes);
    }
  }

  function slotsOf({ target }: Intent): number[] {
    if (target.kind === 'instance') {
      const slot = catalog.slotOf(target.id);
      return slot === undefined ? [] : [slot];
    }
    const { service, host, port } = target;
    const members = catalog.services.get(service)?.members ?? [];
    return members.filter((slot) => {
      const { address } = catalog.recordAt(slot);
      return address.host === host && address.port === port;
    });
  }

  return (effect, revision, changes) => {
    switch (effect.kind) {
      case 'put':
        return applyPut(effect, revision, changes);
      case 'standing':
        return applyStanding(effect, revision, changes);
      case 'hold': {
        const slot = catalog.slotOf(effect.id);
        if (slot === undefined) return;
        catalog.setStanding(slot, effect.standing);
        put(slot, 'held', revision, changes);
        if (((catalog.columns.flags[slot] ?? 0) & HELD) === 0) heardMeanwhile(effect.id);
        return;
      }
      case 'delete':
        return applyDelete(effect, revision, changes);
      case 'forget':
        return remembered.remove(effect.id);
      case 'intent':
        return applyIntent(effect.intent, revision, changes);
      case 'renew': {
        const slot = catalog.slotOf(effect.id);
        if (slot !== undefined) leases.renew(slot);
      }
    }
  };
}
