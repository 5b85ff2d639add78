/**
 * The catalog as a batch sees it: what is applied, overlaid with what the batch has decided so far. Decisions read and
 * write here, so no command is decided against a state that an earlier one in the same batch is about to change.
 *
 * Thrown away after the batch: a commit that failed leaves nothing behind.
 */
import type { Catalog } from './catalog.ts';
import { addressKey, livesByChecks } from './checked-index.ts';
import type { Effect } from './effects.ts';
import { type IntentTable, targetKey } from './intents.ts';
import type { InstanceId, InstanceRecord, Intent, IntentTarget, Row } from './model.ts';
import type { Remembered } from './remembered.ts';
import { movesChecks, withLate } from './standing.ts';
import type { StoredInstance } from './store.ts';

export interface Entry {
  readonly row: Row;
  readonly record: InstanceRecord;
  readonly standing: number;
  /** This batch has decided on its lease: it began anew, or is late. */
  readonly leaseDecided: boolean;
  /** In this batch it became another, or its checks did: what waits for the old ones is dropped. */
  readonly moved: boolean;
}

export interface Draft {
  /** Instances, this batch's changes counted in. */
  readonly size: number;
  find(id: InstanceId): Entry | undefined;
  remembered(id: InstanceId): StoredInstance | undefined;
  rememberedSize(): number;
  /** The one that expired first of those not given yet; each is given once. */
  nextOldestRemembered(): StoredInstance | undefined;
  intent(target: IntentTarget): Intent | undefined;
  /** Ids of those that live by checks alone at this record's address, oldest first. */
  checkedAt(record: InstanceRecord): InstanceId[];
  nextRow(): Row;
  /** Takes an effect into the picture. */
  take(effect: Effect): void;
}

export interface DraftBase {
  readonly catalog: Catalog;
  readonly intents: IntentTable;
  readonly remembered: Remembered;
  readonly lastRow: Row;
}

export function createDraft({ catalog, intents, remembered, lastRow }: DraftBase): Draft {
  const entries = new Map<InstanceId, Entry | undefined>();
  const expired = new Map<InstanceId, StoredInstance | undefined>();
  const intentsSet = new Map<string, Intent>();
  const checked = new Map<string, InstanceId[]>();
  const oldest = rememberedInOrder();
  let row: number = lastRow;
  let { size } = catalog;
  let rememberedSize = remembered.size;

  function* rememberedInOrder(): Generator<StoredInstance, undefined> {
    yield* remembered.oldestFirst();
    for (const instance of expired.values()) if (instance !== undefined) yield instance;
    return undefined;
  }

  function find(id: InstanceId): Entry | undefined {
    if (entries.has(id)) return entries.get(id);
    const slot = catalog.slotOf(id);
    if (slot === undefined) return undefined;
    const { columns } = catalog;
    const [row, standing] = [(columns.row[slot] ?? 0) as Row, columns.standing[slot] ?? 0];
    return { row, record: catalog.recordAt(slot), standing, leaseDecided: false, moved: false };
  }

  function checkedAt(record: InstanceRecord): InstanceId[] {
    const key = addressKey(record.service, record.address);
    let ids = checked.get(key);
    if (ids === undefined) {
      ids = catalog.checkedAt(record).filter((id) => {
        const entry = find(id);
        return (
          entry !== undefined &&
          livesByChecks(entry.record, entry.standing) &&
          addressKey(entry.record.service, entry.record.address) === key
        );
      });
      checked.set(key, ids);
    }
    return ids;
  }

  function place(id: InstanceId, after: Entry | undefined): void {
    const before = find(id);
    if (before !== undefined && livesByChecks(before.record, before.standing)) {
      const ids = checkedAt(before.record);
      if (ids.includes(id)) ids.splice(ids.indexOf(id), 1);
    }
    if (after !== undefined && livesByChecks(after.record, after.standing)) checkedAt(after.record).push(id);
    size += Number(after !== undefined) - Number(before !== undefined);
    entries.set(id, after);
  }

  function setRemembered(id: InstanceId, instance: StoredInstance | undefined): void {
    rememberedSize += Number(instance !== undefined) - Number(draft.remembered(id) !== undefined);
    expired.set(id, instance);
  }

  const draft: Draft = {
    get size() {
      return size;
    },
    find,
    remembered: (id) => (expired.has(id) ? expired.get(id) : remembered.get(id)),
    rememberedSize: () => rememberedSize,
    nextOldestRemembered() {
      // By hand: leaving a `for … of` would end the iterator.
      for (let step = oldest.next(); step.done !== true; step = oldest.next()) {
        if (draft.remembered(step.value.record.id) === step.value) return step.value;
      }
      return undefined;
    },
    intent(target) {
      const set = intentsSet.get(targetKey(target));
      if (set !== undefined) return set.intent === 'serving' ? undefined : set;
      return intents.get(target);
    },
    checkedAt,
    nextRow() {
      row += 1;
      return row as Row;
    },
    take(effect) {
      switch (effect.kind) {
        case 'put':
          setRemembered(effect.record.id, undefined);
          place(effect.record.id, putOver(find(effect.record.id), effect));
          return;
        case 'standing':
        case 'hold': {
          const before = find(effect.id);
          if (before === undefined) return;
          const leaseDecided = before.leaseDecided || (effect.kind === 'standing' && effect.cause !== 'check');
          place(effect.id, { ...before, standing: effect.standing, leaseDecided });
          return;
        }
        case 'delete': {
          const before = find(effect.id);
          place(effect.id, undefined);
          if (effect.goneAtMs !== 0 && before !== undefined) {
            setRemembered(effect.id, { row: effect.row, record: before.record, standing: effect.standing, goneAtMs: effect.goneAtMs });
          }
          return;
        }
        case 'forget':
          setRemembered(effect.id, undefined);
          return;
        case 'intent':
          intentsSet.set(targetKey(effect.intent.target), effect.intent);
          return;
        case 'renew': {
          const before = find(effect.id);
          if (before !== undefined) entries.set(effect.id, { ...before, standing: withLate(before.standing, false), leaseDecided: true });
          return;
        }
      }
    },
  };
  return draft;
}

function putOver(before: Entry | undefined, { row, record, standing, renews, cause }: Extract<Effect, { kind: 'put' }>): Entry {
  const leaseDecided = renews || before?.leaseDecided === true;
  const moved = before === undefined || before.moved || cause === 'registered' || movesChecks(before.record, record);
  return { row, record, standing, leaseDecided, moved };
}
