/**
 * Decisions: (draft, command, moment) → effects and an outcome. Pure; the effects are taken into the draft as they are
 * made, so the next command of the batch sees them.
 *
 * A command that changes nothing has no effects that are stored, and so gets no revision and no event.
 */
import type { Command, InstancePatch, Outcome, RegistryError } from './commands.ts';
import type { Catalog } from './catalog.ts';
import { HELD, LAPSED } from './flags.ts';
import { type Draft, type Entry } from './draft.ts';
import type { Effect } from './effects.ts';
import { addressTarget } from './intents.ts';
import { type CountLimits, REMEMBER_MS } from './limits.ts';
import type { InstanceDraft, InstanceId, InstanceRecord, InstanceRef, Intent, Revision } from './model.ts';
import { carriedStanding, checkState, isHeard, isLate, NEW_STANDING, sameJson, withCheckState, withHeard, withLate } from './standing.ts';

export interface Moment {
  /** The revision that this command's changes get. */
  readonly revision: Revision;
  /** Lease time. */
  readonly nowMs: number;
  readonly wallMs: number;
}

export interface DecisionContext {
  readonly catalog: Catalog;
  readonly draft: Draft;
  readonly limits: CountLimits;
  /** Takes an intent that is being set; returns the loose ones that must go for it. */
  readonly makeRoomForIntent: (set: Intent) => Intent[];
}

export interface Decision {
  readonly outcome: Outcome;
  readonly effects: readonly Effect[];
}

export function decide(context: DecisionContext, command: Command, moment: Moment): Decision {
  const effects: Effect[] = [];
  function make(effect: Effect): void {
    context.draft.take(effect);
    effects.push(effect);
  }
  return { outcome: outcomeOf(context, command, moment, make), effects };
}

type Make = (effect: Effect) => void;

const DONE: Outcome = { kind: 'done' };

function outcomeOf(context: DecisionContext, command: Command, moment: Moment, make: Make): Outcome {
  switch (command.kind) {
    case 'register':
      return register(context, command.draft, command.identical, moment, make);
    case 'update':
      return update(context, command, moment, make);
    case 'deregister':
      return deregister(context.draft, command.id, make);
    case 'intent':
      return setIntent(context, command, moment, make);
    case 'heartbeat':
      return heartbeat(context, command, moment, make);
    case 'lapse':
      for (const ref of command.refs) lapse(context, ref, moment, make);
      return DONE;
    case 'hold':
      for (const ref of command.refs) hold(context, ref, make);
      return DONE;
    case 'check':
      return check(context, command, make);
    case 'forget':
      return forget(context, command.intents, moment, make);
  }
}

function register(
  { draft, limits }: DecisionContext,
  wanted: InstanceDraft,
  identical: 'replace' | 'keep',
  moment: Moment,
  make: Make,
): Outcome {
  const existing = draft.find(wanted.id);
  const known = existing ?? draft.remembered(wanted.id);
  if (existing !== undefined && existing.record.dialect !== wanted.dialect) {
    return rejected({ code: 'other-dialect', id: wanted.id, dialect: existing.record.dialect });
  }
  if (existing === undefined && draft.size >= limits.instances) {
    return full(limits);
  }
  if (existing !== undefined && identical === 'keep' && sameJson(asDraft(existing.record), wanted)) {
    renew(existing, make);
  } else {
    const record: InstanceRecord = { ...wanted, registeredAtMs: moment.wallMs, revision: moment.revision };
    const standing = existing === undefined ? NEW_STANDING : withLate(carriedStanding(existing.record, existing.standing, record), false);
    make({ kind: 'put', cause: 'registered', row: known?.row ?? draft.nextRow(), record, standing, renews: true });
    makeRoomAtAddress(draft, limits, record, make);
  }
  return { kind: 'registered', id: wanted.id, created: existing === undefined };
}

/** Clients that never send a heartbeat cannot deregister either: of those at one address, the first registered go for one that comes. */
function makeRoomAtAddress(draft: Draft, limits: CountLimits, record: InstanceRecord, make: Make): void {
  if (record.lease.renewedBy !== 'check') return;
  const there = draft.checkedAt(record);
  if (there.length <= limits.checkedPerAddress) return;
  const others = there.filter((id) => id !== record.id).toSorted((a, b) => (draft.find(a)?.row ?? 0) - (draft.find(b)?.row ?? 0));
  for (const id of others.slice(0, there.length - limits.checkedPerAddress)) remove(draft, id, 'replaced', make);
}

function update(
  { draft, limits }: DecisionContext,
  { id, patch, ifRevision, renews }: Extract<Command, { kind: 'update' }>,
  moment: Moment,
  make: Make,
): Outcome {
  const existing = draft.find(id);
  if (existing === undefined) return unknown(id);
  if (ifRevision !== undefined && ifRevision !== existing.record.revision) {
    return rejected({ code: 'revision-moved', id, revision: existing.record.revision });
  }
  if (changesNothing(existing.record, patch)) {
    if (renews) renew(existing, make);
    return DONE;
  }
  const record: InstanceRecord = { ...existing.record, ...patch, revision: moment.revision };
  const carried = carriedStanding(existing.record, existing.standing, record);
  make({ kind: 'put', cause: 'updated', row: existing.row, record, standing: renews ? withLate(carried, false) : carried, renews });
  makeRoomAtAddress(draft, limits, record, make);
  return DONE;
}

function deregister(draft: Draft, id: InstanceId, make: Make): Outcome {
  const expired = draft.remembered(id);
  if (expired !== undefined) make({ kind: 'forget', row: expired.row, id });
  return remove(draft, id, 'deregistered', make) ? DONE : unknown(id);
}

function setIntent(
  { draft, makeRoomForIntent }: DecisionContext,
  { target, intent, reason }: Extract<Command, { kind: 'intent' }>,
  moment: Moment,
  make: Make,
): Outcome {
  const existing = target.kind === 'instance' ? draft.find(target.id) : undefined;
  if (target.kind === 'instance' && existing === undefined) return unknown(target.id);
  const wanted: Intent = { target, intent, setAtMs: moment.wallMs, ...(reason === undefined ? {} : { reason }) };
  if (intent === 'serving') {
    // For an instance it must also lift what holds for its address, or it would change nothing.
    const targets = existing === undefined ? [target] : [addressTarget(existing.record.service, existing.record.address), target];
    const lifted = targets.filter((each) => draft.intent(each) !== undefined);
    for (const each of lifted) make({ kind: 'intent', intent: { ...wanted, target: each } });
    return DONE;
  }
  const before = draft.intent(target);
  if (before?.intent === intent && before.reason === reason) return DONE;
  make({ kind: 'intent', intent: wanted });
  for (const loose of makeRoomForIntent(wanted)) make({ kind: 'intent', intent: { ...loose, intent: 'serving' } });
  return DONE;
}

function heartbeat(
  { draft, limits }: DecisionContext,
  { id, declaredStatus, by }: Extract<Command, { kind: 'heartbeat' }>,
  moment: Moment,
  make: Make,
): Outcome {
  const existing = draft.find(id);
  const known = existing ?? draft.remembered(id);
  if (known === undefined) return unknown(id);
  if (existing === undefined && 'goneAtMs' in known && moment.wallMs - known.goneAtMs > REMEMBER_MS) return unknown(id);
  if (existing === undefined && draft.size >= limits.instances) return full(limits);
  const alive = withLate(known.standing, false);
  const standing = by === 'client' ? withHeard(alive) : alive;
  const cause = existing === undefined ? 'revived' : 'renewed';
  if (existing === undefined || (declaredStatus !== undefined && declaredStatus !== existing.record.declaredStatus)) {
    const record = { ...known.record, declaredStatus: declaredStatus ?? known.record.declaredStatus, revision: moment.revision };
    make({ kind: 'put', cause, row: known.row, record, standing, renews: true });
    if (existing === undefined) makeRoomAtAddress(draft, limits, record, make);
  } else if (isLate(existing.standing) || (by === 'client' && firstHeartbeat(existing))) {
    make({ kind: 'standing', cause: 'renewed', row: existing.row, id, standing, renews: true });
  } else {
    make({ kind: 'renew', id });
  }
  return DONE;
}

/** For one whose checks renew its lease, the first heartbeat of its own ends that, and so is a change. */
function firstHeartbeat({ record, standing }: Entry): boolean {
  return record.lease.renewedBy === 'check' && !isHeard(standing);
}

/** A lease that was marked in an earlier tick and has not been renewed since: late, let go by its guard, or gone. */
function lapse(context: DecisionContext, ref: InstanceRef, moment: Moment, make: Make): void {
  const found = lapsed(context, ref);
  if (found === undefined) return;
  const { entry, held, deadlineMs } = found;
  const { id, lease } = entry.record;
  const removalDue = !held && (isLate(entry.standing) || moment.nowMs - deadlineMs >= lease.removeAfterMs - lease.ttlMs);
  if (!removalDue) {
    const cause = isLate(entry.standing) ? 'released' : 'late';
    make({ kind: 'standing', cause, row: entry.row, id, standing: withLate(entry.standing, true), renews: false });
    return;
  }
  const goneAtMs = lease.revivable ? moment.wallMs : 0;
  make({ kind: 'delete', reason: 'expired', row: entry.row, id, standing: withLate(entry.standing, false), goneAtMs });
  const { draft, limits } = context;
  if (goneAtMs !== 0 && draft.rememberedSize() > limits.remembered) {
    const oldest = draft.nextOldestRemembered();
    if (oldest !== undefined) make({ kind: 'forget', row: oldest.row, id: oldest.record.id });
  }
}

/** The mass-expiry guard keeps it: late, but still in answers. */
function hold({ catalog, draft }: DecisionContext, ref: InstanceRef, make: Make): void {
  const slot = catalog.current(ref);
  if (slot === undefined || ((catalog.columns.flags[slot] ?? 0) & HELD) === 0) return;
  const entry = draft.find(catalog.recordAt(slot).id);
  if (entry === undefined || entry.leaseDecided) return;
  make({ kind: 'hold', row: entry.row, id: entry.record.id, standing: withLate(entry.standing, true) });
}

function lapsed({ catalog, draft }: DecisionContext, ref: InstanceRef): { entry: Entry; held: boolean; deadlineMs: number } | undefined {
  const slot = catalog.current(ref);
  if (slot === undefined) return undefined;
  const { flags, deadlineMs } = catalog.columns;
  const flag = flags[slot] ?? 0;
  if ((flag & LAPSED) === 0) return undefined;
  const entry = draft.find(catalog.recordAt(slot).id);
  if (entry === undefined || entry.leaseDecided) return undefined;
  return { entry, held: (flag & HELD) !== 0, deadlineMs: deadlineMs[slot] ?? 0 };
}

function check(
  { catalog, draft }: DecisionContext,
  { ref, check: index, state }: Extract<Command, { kind: 'check' }>,
  make: Make,
): Outcome {
  const slot = catalog.current(ref);
  if (slot === undefined) return DONE;
  const { id } = catalog.recordAt(slot);
  const entry = draft.find(id);
  if (entry === undefined || entry.moved || entry.record.checks[index] === undefined) return DONE;
  if (checkState(entry.standing, index) === state) return DONE;
  make({ kind: 'standing', cause: 'check', row: entry.row, id, standing: withCheckState(entry.standing, index, state), renews: false });
  return DONE;
}

/** At most this many of the remembered are forgotten in one command. */
const FORGET_AT_ONCE = 1_000;

function forget({ draft }: DecisionContext, intents: readonly Intent[], moment: Moment, make: Make): Outcome {
  for (let count = 0; count < FORGET_AT_ONCE; count += 1) {
    const oldest = draft.nextOldestRemembered();
    if (oldest === undefined || moment.wallMs - oldest.goneAtMs <= REMEMBER_MS) break;
    make({ kind: 'forget', row: oldest.row, id: oldest.record.id });
  }
  for (const intent of intents) {
    const { target } = intent;
    const cameBack = target.kind === 'instance' && draft.find(target.id) !== undefined;
    if (!cameBack && draft.intent(target) === intent) make({ kind: 'intent', intent: { ...intent, intent: 'serving' } });
  }
  return DONE;
}

function remove(draft: Draft, id: InstanceId, reason: 'deregistered' | 'replaced', make: Make): boolean {
  const existing = draft.find(id);
  if (existing === undefined) return false;
  make({ kind: 'delete', reason, row: existing.row, id, standing: existing.standing, goneAtMs: 0 });
  return true;
}

/** The lease begins anew; stored only when it was late. */
function renew(existing: Entry, make: Make): void {
  const { id } = existing.record;
  if (!isLate(existing.standing)) make({ kind: 'renew', id });
  else make({ kind: 'standing', cause: 'renewed', row: existing.row, id, standing: withLate(existing.standing, false), renews: true });
}

function asDraft({ revision: _revision, registeredAtMs: _registeredAtMs, ...draft }: InstanceRecord): InstanceDraft {
  return draft;
}

function changesNothing(record: InstanceRecord, patch: InstancePatch): boolean {
  return Object.entries(patch).every(([field, value]) => sameJson(record[field as keyof InstancePatch], value));
}

function unknown(id: string): Outcome {
  return rejected({ code: 'unknown-instance', id });
}

function full({ instances }: CountLimits): Outcome {
  return rejected({ code: 'limit-reached', limit: 'instances', max: instances });
}

function rejected(error: RegistryError): Outcome {
  return { kind: 'rejected', error };
}
