/**
 * Who is registered: the one mutable picture that reads are answered from.
 *
 * An instance lives in a slot; what is asked of a million of them at once (deadline, flags) lies in typed arrays by slot,
 * the rest in objects. Only `apply.ts`, `leases.ts` and `guard.ts` change it, and every change ends in `settle`, which
 * derives the slot's status, keeps the counts, and moves the epochs that answers are cached by.
 *
 * Bound: a slot is used again after its instance is gone, with another generation; arrays double and never shrink.
 */
import type { CheckView, InstanceId, InstanceRecord, InstanceRef, InstanceView, Revision, Row } from './model.ts';
import { createCheckedIndex } from './checked-index.ts';
import type { LeaseClock } from './clock.ts';
import { type Columns, createColumns, grown } from './columns.ts';
import { DISCOVERABLE, HELD, IN_GRACE, LAPSED, SPARED } from './flags.ts';
import type { CheckMemory } from './health.ts';
import type { IntentTable } from './intents.ts';
import type { Service } from './registry.ts';
import { checkState, isHeard, isLate, NEW_STANDING } from './standing.ts';
import { deriveStatus, isDiscoverable, type LeaseNow } from './status.ts';

/** A class, because there may be half a million of them: its methods are shared. */
export class ServiceEntry implements Service {
  readonly name: string;
  /** Slots, in no order. */
  readonly members: number[] = [];
  discoverable = 0;
  revision = 0 as Revision;
  touchedAt = 0;
  readonly #catalog: Catalog;

  constructor(name: string, catalog: Catalog) {
    this.name = name;
    this.#catalog = catalog;
  }

  get size(): number {
    return this.members.length;
  }

  get epoch(): number {
    return Math.max(this.touchedAt, this.#catalog.outdatedAt);
  }

  instances(): InstanceView[] {
    const { row } = this.#catalog.columns;
    const inOrder = this.members.toSorted((a, b) => (row[a] ?? 0) - (row[b] ?? 0));
    return inOrder.map((slot) => this.#catalog.view(slot));
  }
}

export interface Catalog {
  /** Slots ever used; those without a record are free. */
  readonly capacity: number;
  readonly records: (InstanceRecord | undefined)[];
  /** Read anew after anything was added: growth replaces it. */
  readonly columns: Columns;
  /** Of those with checks that were probed. */
  readonly checks: Map<number, CheckMemory[]>;
  readonly totals: { discoverable: number; late: number; held: number; inGrace: number };
  epoch: number;
  /** Answers of an epoch before this may show a lease that has run out and is not marked yet. */
  outdatedAt: number;
  /** What one is that has run out and is not marked yet: held, while a guard is in force over all. */
  unmarkedIs: 'lapsed' | 'held';
  readonly size: number;
  readonly services: Map<string, ServiceEntry>;

  slotOf(id: InstanceId): number | undefined;
  /** The slot, if `ref` still means what it meant. */
  current(ref: InstanceRef): number | undefined;
  refOf(slot: number): InstanceRef;
  recordAt(slot: number): InstanceRecord;
  serviceAt(slot: number): ServiceEntry;
  add(record: InstanceRecord, row: Row, standing: number): number;
  /** Another record in the same slot. `moved`: what waits for the old one must be dropped. */
  replace(slot: number, record: InstanceRecord, standing: number, moved: boolean): void;
  setStanding(slot: number, standing: number): void;
  setFlags(slot: number, flags: number): void;
  remove(slot: number): void;
  /** Derives everything anew that depends on the slot; called after a change outside, such as of an intent. */
  settle(slot: number): void;
  /** Ids of those that live by checks alone at one (service, host, port), oldest first. */
  checkedAt(record: InstanceRecord): InstanceId[];
  view(slot: number): InstanceView;
}

export function createCatalog(intents: IntentTable, clock: LeaseClock): Catalog {
  const ids = new Map<InstanceId, number>();
  const free: number[] = [];
  const position: number[] = [];
  const entries: (ServiceEntry | undefined)[] = [];
  const checked = createCheckedIndex();
  const totals = { discoverable: 0, late: 0, held: 0, inGrace: 0 };
  let columns = createColumns(1_024);

  const catalog: Catalog = {
    get capacity() {
      return catalog.records.length;
    },
    records: [],
    get columns() {
      return columns;
    },
    checks: new Map(),
    totals,
    epoch: 0,
    outdatedAt: 0,
    unmarkedIs: 'lapsed',
    get size() {
      return ids.size;
    },
    services: new Map(),

    slotOf: (id) => ids.get(id),
    current(ref) {
      return catalog.records[ref.slot] !== undefined && columns.generation[ref.slot] === ref.generation ? ref.slot : undefined;
    },
    refOf: (slot) => ({ slot, generation: columns.generation[slot] ?? 0 }),
    recordAt,
    serviceAt,

    add(record, row, standing) {
      const slot = takeSlot();
      catalog.records[slot] = record;
      columns.row[slot] = row;
      columns.standing[slot] = standing;
      columns.flags[slot] = 0;
      ids.set(record.id, slot);
      join(slot, record);
      totals.late += Number(isLate(standing));
      catalog.settle(slot);
      return slot;
    },
    replace(slot, record, standing, moved) {
      const before = recordAt(slot);
      if (moved) {
        columns.generation[slot] = (columns.generation[slot] ?? 0) + 1;
        catalog.checks.delete(slot);
      }
      checked.leave(before);
      const moves = before.service !== record.service;
      if (moves) leave(slot);
      catalog.records[slot] = record;
      if (moves) join(slot, record);
      else checked.join(record, standing);
      catalog.setStanding(slot, standing);
    },
    setStanding(slot, standing) {
      const before = columns.standing[slot] ?? NEW_STANDING;
      totals.late += Number(isLate(standing)) - Number(isLate(before));
      columns.standing[slot] = standing;
      if (isHeard(standing) && !isHeard(before)) checked.leave(recordAt(slot));
      catalog.settle(slot);
    },
    setFlags(slot, flags) {
      const before = columns.flags[slot] ?? 0;
      totals.held += bit(flags, HELD) - bit(before, HELD);
      totals.inGrace += bit(flags, IN_GRACE) - bit(before, IN_GRACE);
      columns.flags[slot] = (flags & ~DISCOVERABLE) | (before & DISCOVERABLE);
      catalog.settle(slot);
    },
    remove(slot) {
      const record = recordAt(slot);
      const flags = columns.flags[slot] ?? 0;
      totals.held -= bit(flags, HELD);
      totals.inGrace -= bit(flags, IN_GRACE);
      totals.late -= Number(isLate(columns.standing[slot] ?? 0));
      checked.leave(record);
      leave(slot);
      ids.delete(record.id);
      catalog.records[slot] = undefined;
      catalog.checks.delete(slot);
      columns.deadlineMs[slot] = Number.POSITIVE_INFINITY;
      columns.flags[slot] = 0;
      columns.generation[slot] = (columns.generation[slot] ?? 0) + 1;
      free.push(slot);
    },
    settle(slot) {
      const record = recordAt(slot);
      const intent = intents.for(record)?.intent ?? 'serving';
      const now = isDiscoverable(record, columns.standing[slot] ?? 0, intent, leaseByFlags(columns.flags[slot] ?? 0));
      const before = ((columns.flags[slot] ?? 0) & DISCOVERABLE) !== 0;
      if (now !== before) {
        columns.flags[slot] = (columns.flags[slot] ?? 0) ^ DISCOVERABLE;
        count(slot, now ? 1 : -1);
      }
      touch(serviceAt(slot));
    },
    checkedAt: (record) => checked.at(record),
    view,
  };

  function view(slot: number): InstanceView {
    const record = recordAt(slot);
    const flags = columns.flags[slot] ?? 0;
    const standing = columns.standing[slot] ?? 0;
    const intent = intents.for(record);
    // Between a deadline and the tick that marks it, an answer goes by the deadline.
    const overdue = (columns.deadlineMs[slot] ?? 0) <= clock.nowMs;
    const unmarked = (flags & (LAPSED | HELD | SPARED)) === 0 && !isLate(standing);
    const lease = overdue ? (unmarked ? catalog.unmarkedIs : 'lapsed') : leaseByFlags(flags);
    const kind = intent?.intent ?? 'serving';
    const result: InstanceView = {
      record,
      ref: catalog.refOf(slot),
      status: deriveStatus(record, standing, kind, lease),
      discoverable: isDiscoverable(record, standing, kind, lease),
      intent: kind,
      lastHeartbeatAtMs: columns.heardAtMs[slot] ?? 0,
      inGrace: (flags & IN_GRACE) !== 0,
      held: (flags & HELD) !== 0,
      checks: record.checks.length === 0 ? NO_CHECKS : checkViews(slot, record, standing),
    };
    return intent?.reason === undefined ? result : { ...result, intentReason: intent.reason };
  }

  function checkViews(slot: number, record: InstanceRecord, standing: number): CheckView[] {
    const memories = catalog.checks.get(slot);
    return record.checks.map((spec, check) => {
      const lastOutput = memories?.[check]?.lastOutput;
      return { spec, state: checkState(standing, check), ...(lastOutput === undefined ? {} : { lastOutput }) };
    });
  }

  function recordAt(slot: number): InstanceRecord {
    const record = catalog.records[slot];
    if (record === undefined) throw new Error(`slot ${slot} is free`);
    return record;
  }

  function serviceAt(slot: number): ServiceEntry {
    const entry = entries[slot];
    if (entry === undefined) throw new Error(`slot ${slot} is in no service`);
    return entry;
  }

  function takeSlot(): number {
    const slot = free.pop() ?? catalog.records.length;
    if (slot >= columns.flags.length) columns = grown(columns);
    return slot;
  }

  function join(slot: number, record: InstanceRecord): void {
    let entry = catalog.services.get(record.service);
    if (entry === undefined) {
      entry = new ServiceEntry(record.service, catalog);
      catalog.services.set(record.service, entry);
    }
    entries[slot] = entry;
    position[slot] = entry.members.length;
    entry.members.push(slot);
    checked.join(record, columns.standing[slot] ?? 0);
  }

  function leave(slot: number): void {
    const entry = serviceAt(slot);
    if (((columns.flags[slot] ?? 0) & DISCOVERABLE) !== 0) {
      columns.flags[slot] = (columns.flags[slot] ?? 0) & ~DISCOVERABLE;
      count(slot, -1);
    }
    touch(entry);
    const last = entry.members.pop();
    if (last !== undefined && last !== slot) {
      const hole = position[slot] ?? 0;
      entry.members[hole] = last;
      position[last] = hole;
    }
    entries[slot] = undefined;
    if (entry.members.length === 0) catalog.services.delete(entry.name);
  }

  /** Epochs come from one counter, so a service that comes again never has an epoch it had before. */
  function touch(entry: ServiceEntry): void {
    catalog.epoch += 1;
    entry.touchedAt = catalog.epoch;
  }

  function count(slot: number, by: 1 | -1): void {
    serviceAt(slot).discoverable += by;
    totals.discoverable += by;
  }

  return catalog;
}

const NO_CHECKS: readonly CheckView[] = Object.freeze([]);

function leaseByFlags(flags: number): LeaseNow {
  if ((flags & LAPSED) !== 0) return 'lapsed';
  return (flags & HELD) !== 0 ? 'held' : 'running';
}

function bit(flags: number, mask: number): number {
  return (flags & mask) === 0 ? 0 : 1;
}
