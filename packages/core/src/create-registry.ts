/**
 * Puts the parts of the core together; see `registry.ts` for the contract and the one way a change takes.
 */
import { createApply } from './apply.ts';
import { createBatches, type Decided } from './batches.ts';
import { createCatalog } from './catalog.ts';
import { IN_GRACE, LAPSED, LEAVING, OWED } from './flags.ts';
import { createLeaseClock } from './clock.ts';
import { createCompact } from './compact.ts';
import { decide } from './decide.ts';
import { createDraft } from './draft.ts';
import { createGuard } from './guard.ts';
import { createCheckMemory, judge } from './health.ts';
import { createIntentKeeper } from './intent-keeper.ts';
import { createIntentTable } from './intents.ts';
import { createLeases } from './leases.ts';
import { countLimits } from './limits.ts';
import type { HistoryId, InstanceId, InstanceRef, InstanceView, Revision, Row } from './model.ts';
import type { Change, Observation, Registry, RegistryOptions, RegistryState } from './registry.ts';
import { createRemembered } from './remembered.ts';
import { checkState, hasFailingGate, isHeard, isLate } from './standing.ts';
import type { StoredInstance } from './store.ts';

/** A stall of less than this is not worth an operator's attention, in ms. */
const ANNOUNCED_STALL_MS = 1_000;
const HOLDS_A_BATCH = 512;

export function createRegistry({
  store,
  clock,
  reach,
  limits: given,
  announce = () => {},
  onCommit = () => {},
}: RegistryOptions): Registry {
  const limits = { ...countLimits, ...given };
  const leaseClock = createLeaseClock(clock);
  const intents = createIntentTable();
  const remembered = createRemembered();
  const catalog = createCatalog(intents, leaseClock);
  const leases = createLeases(catalog, leaseClock, clock);
  const guard = createGuard({ catalog, leases, clock: leaseClock, reach, announce });
  const intentKeeper = createIntentKeeper({ catalog, intents, clock, maxLoose: limits.looseIntents });
  const compact = createCompact();
  const apply = createApply({ catalog, leases, clock: leaseClock, intents, remembered, compact, heardMeanwhile, movedMeanwhile });
  const listeners = new Set<(changes: readonly Change[]) => void>();
  let history = '' as HistoryId;
  let revision = 0 as Revision;
  let lastRow = 0 as Row;
  let notices: readonly string[] = [];
  let stalledMs = 0;
  let expired = 0;
  let revived = 0;
  /** Leases that the last tick found lapsed: decided in this one, after the sockets were read. */
  let marked: InstanceRef[] = [];
  /** Held by the guard, and that is not stored yet. */
  const toHold: InstanceRef[] = [];
  let holding = false;

  const batches = createBatches({
    store,
    clock,
    lastRevision: () => revision,
    begin() {
      const draft = createDraft({ catalog, intents, remembered, lastRow });
      const context = { catalog, draft, limits, makeRoomForIntent: intentKeeper.begin() };
      return (command, next) => decide(context, command, { revision: next, nowMs: leaseClock.nowMs, wallMs: clock.wallMs() });
    },
    leaving: markLeaving,
    apply: applyDecided,
    onFailure: (reason) => announce({ kind: 'store-failed', reason }),
    onRecovery: recovered,
    onCommit,
  });

  function markLeaving(decided: readonly Decided[], stays: boolean): void {
    for (const { effects } of decided) {
      for (const effect of effects) {
        const slot = effect.kind === 'delete' ? catalog.slotOf(effect.id) : undefined;
        if (slot === undefined) continue;
        const flag = catalog.columns.flags[slot] ?? 0;
        catalog.setFlags(slot, stays ? flag & ~LEAVING : flag | LEAVING);
      }
    }
  }

  function applyDecided(decided: readonly Decided[]): void {
    const changes: Change[] = [];
    for (const { revision: of, effects } of decided) {
      for (const effect of effects) {
        apply(effect, of, changes);
        if (effect.kind === 'put' && effect.row > lastRow) lastRow = effect.row;
        if (effect.kind !== 'renew' && of > revision) revision = of;
        if (effect.kind === 'delete' && effect.reason === 'expired') expired += 1;
        if (effect.kind === 'put' && effect.cause === 'revived') revived += 1;
      }
    }
    if (changes.length > 0) for (const listener of listeners) listener(changes);
  }

  /** Leases lapsed on, and late ones were heard, while nothing could be decided. */
  function recovered(): void {
    announce({ kind: 'store-recovered' });
    const overdue: InstanceRef[] = [];
    const { flags, standing } = catalog.columns;
    for (let slot = 0; slot < catalog.capacity; slot += 1) {
      const flag = flags[slot] ?? 0;
      if ((flag & LAPSED) !== 0) overdue.push(catalog.refOf(slot));
      else if ((flag & OWED) !== 0 && isLate(standing[slot] ?? 0)) heardMeanwhile(catalog.recordAt(slot).id);
    }
    batches.lapse(overdue);
  }

  function load(gone: StoredInstance[], { row, record, standing, goneAtMs }: StoredInstance): void {
    if (goneAtMs !== 0) {
      gone.push({ row, record: compact(record), standing, goneAtMs });
      return;
    }
    const { ttlMs, removeAfterMs } = record.lease;
    const slot = catalog.add(compact(record), row, standing);
    catalog.columns.heardAtMs[slot] = clock.wallMs();
    catalog.columns.bornMs[slot] = Number.NEGATIVE_INFINITY;
    leases.setDeadline(slot, leaseClock.nowMs + (isLate(standing) ? removeAfterMs - ttlMs : ttlMs));
    if (!isLate(standing) && !hasFailingGate(record, standing)) catalog.setFlags(slot, IN_GRACE);
  }

  /** By whomever it was heard: a client's first heartbeat submits itself. */
  function heardMeanwhile(id: InstanceId): void {
    void batches.submit({ kind: 'heartbeat', id, by: 'check' });
  }

  function movedMeanwhile(slot: number): void {
    marked.push(catalog.refOf(slot));
  }

  function heartbeat(id: InstanceId, declaredStatus?: string): boolean | Promise<boolean> {
    const slot = catalog.slotOf(id);
    if (slot !== undefined) {
      leases.renew(slot);
      const { standing, flags } = catalog.columns;
      const record = catalog.recordAt(slot);
      const changes =
        isLate(standing[slot] ?? 0) ||
        ((flags[slot] ?? 0) & LEAVING) !== 0 ||
        (declaredStatus !== undefined && declaredStatus !== record.declaredStatus) ||
        (record.lease.renewedBy === 'check' && !isHeard(standing[slot] ?? 0));
      if (!changes) return true;
    } else if (remembered.get(id) === undefined) return false;
    const command = { kind: 'heartbeat', id, by: 'client' } as const;
    return batches.submit(declaredStatus === undefined ? command : { ...command, declaredStatus }).then((outcome) => {
      if (outcome.kind !== 'rejected') return true;
      return outcome.error.code !== 'unknown-instance' && slot !== undefined;
    });
  }

  function observe(ref: InstanceRef, check: number, { state: seen, output }: Observation): void {
    const slot = catalog.current(ref);
    if (slot === undefined) return;
    const record = catalog.recordAt(slot);
    const spec = record.checks[check];
    if (spec === undefined) return;
    const standing = catalog.columns.standing[slot] ?? 0;
    let memories = catalog.checks.get(slot);
    if (memories === undefined) {
      memories = record.checks.map((_, index) => createCheckMemory(checkState(standing, index)));
      catalog.checks.set(slot, memories);
    }
    const memory = memories[check];
    if (memory === undefined) return;
    if (memory.lastOutput !== output) {
      memory.lastOutput = output;
      catalog.settle(slot);
    }
    const changed = judge(memory, spec, seen === 'passing', leaseClock.nowMs);
    // Also one that a failed store has not taken is asked for anew.
    if (changed || memory.state !== checkState(standing, check)) {
      void batches.submit({ kind: 'check', ref, check, state: memory.state });
    }
    if (seen === 'passing' && record.lease.renewedBy === 'check' && !isHeard(standing)) {
      leases.renew(slot);
      const leaving = ((catalog.columns.flags[slot] ?? 0) & LEAVING) !== 0;
      if (isLate(standing) || leaving) void batches.submit({ kind: 'heartbeat', id: record.id, by: 'check' });
    }
  }

  function tick(): void {
    const leftOutMs = leaseClock.tick();
    stalledMs += leftOutMs;
    if (leftOutMs >= ANNOUNCED_STALL_MS) announce({ kind: 'stalled', stalledMs: leftOutMs });
    const { refused, held } = guard.settle();
    const due = marked.filter(isStillLapsed);
    marked = [...guard.judge(leases.scan()), ...refused];
    for (const ref of held) toHold.push(ref);
    storeHolds();
    if (due.length > 0) batches.lapse(due);
    batches.tick();
    const forgotten = intentKeeper.due(remembered);
    if (forgotten !== undefined) void batches.submit({ kind: 'forget', intents: forgotten });
  }

  /** A part a batch, so that a mass expiry keeps no client waiting; what a failed store has not taken is given again. */
  function storeHolds(): void {
    if (holding || toHold.length === 0 || batches.failure !== undefined) return;
    const refs = toHold.splice(-HOLDS_A_BATCH);
    holding = true;
    void batches.submit({ kind: 'hold', refs }).then((outcome) => {
      holding = false;
      if (outcome.kind === 'rejected') for (const ref of refs) toHold.push(ref);
      else storeHolds();
    });
  }

  function isStillLapsed(ref: InstanceRef): boolean {
    const slot = catalog.current(ref);
    return slot !== undefined && ((catalog.columns.flags[slot] ?? 0) & LAPSED) !== 0;
  }

  function storeState(): RegistryState['store'] {
    const { kind } = store;
    const { failure } = batches;
    return failure === undefined ? { kind, writable: true } : { kind, writable: false, reason: failure };
  }

  function* views(): Generator<InstanceView, undefined> {
    for (let slot = 0; slot < catalog.capacity; slot += 1) if (catalog.records[slot] !== undefined) yield catalog.view(slot);
    return undefined;
  }

  return {
    async open() {
      const gone: StoredInstance[] = [];
      const image = await store.open((piece) => {
        for (const instance of piece) load(gone, instance);
      });
      // Also those whose day is over: what forgets them frees their rows.
      for (const instance of gone.toSorted((a, b) => a.goneAtMs - b.goneAtMs)) remembered.add(instance);
      ({ history, revision, lastRow, notices } = image);
      for (const intent of image.intents.toSorted((a, b) => a.setAtMs - b.setAtMs)) intents.set(intent);
      if (image.intents.length > 0) {
        for (let slot = 0; slot < catalog.capacity; slot += 1) if (catalog.records[slot] !== undefined) catalog.settle(slot);
      }
      for (const entry of catalog.services.values()) entry.revision = revision;
      leaseClock.resume();
    },
    submit: (command) => batches.submit(command),
    heartbeat,
    observe,
    tick,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      await batches.close();
      await store.close();
    },
    instance(id) {
      const slot = catalog.slotOf(id);
      return slot === undefined ? undefined : catalog.view(slot);
    },
    service: (name) => catalog.services.get(name),
    services: () => catalog.services.values(),
    instances: views,
    intents: () => intents.all(),
    get epoch() {
      return catalog.epoch;
    },
    get counts() {
      const { totals } = catalog;
      return {
        services: catalog.services.size,
        instances: catalog.size,
        ...totals,
        remembered: remembered.size,
        intents: intents.size,
        expired,
        revived,
      };
    },
    get state() {
      return {
        history,
        revision,
        store: storeState(),
        guarded: guard.inForce().slice(0, 100),
        stalledMs,
        notices,
      };
    },
  };
}
