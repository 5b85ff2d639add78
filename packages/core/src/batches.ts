/**
 * One batch at a time: commands wait undecided until the batch before has been applied, are decided in order, committed as
 * one transaction, applied, and answered together.
 *
 * After a commit that failed, nothing is accepted until the store has told where it stands: a batch that may have become
 * durable is then applied or dropped, whichever is true, before anything else is decided.
 * Bounds: `MAX_QUEUE` commands wait, `MAX_BATCH` are decided at once, and `LAPSES_A_BATCH` lapsed leases ride along, so
 * that a mass expiry never keeps a client waiting for more than its own batch.
 */
import type { Command, Outcome, RegistryError } from './commands.ts';
import type { Clock } from './clock.ts';
import type { Decision } from './decide.ts';
import { type Effect, storeChange } from './effects.ts';
import type { InstanceRef, Revision } from './model.ts';
import { type Store, type StoreChange, StoreError } from './store.ts';

const MAX_QUEUE = 100_000;
const MAX_BATCH = 1_024;
const LAPSES_A_BATCH = 512;
/** Between two attempts to recover the store, in monotonic ms. */
const RECOVER_EVERY_MS = 250;

export interface Batches {
  submit(command: Command): Promise<Outcome>;
  /** Leases to be decided, beside what clients ask. Dropped while the store has failed: given anew in `onRecovery`. */
  lapse(refs: readonly InstanceRef[]): void;
  /** Tries to bring a failed store back, when it is time. */
  tick(): void;
  readonly failure: string | undefined;
  /** Resolves when the batch in flight has ended; what waits is refused. */
  close(): Promise<void>;
}

/** Effects of one revision. */
export interface Decided {
  readonly revision: Revision;
  readonly effects: readonly Effect[];
}

export interface BatchesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly lastRevision: () => Revision;
  /** Begins a batch: returns what decides its commands, one after another. */
  readonly begin: () => (command: Command, revision: Revision) => Decision;
  /** Told before the commit and, with `true`, when the commit failed. */
  readonly leaving: (decided: readonly Decided[], stays: boolean) => void;
  readonly apply: (decided: readonly Decided[]) => void;
  readonly onFailure: (reason: string) => void;
  readonly onRecovery: () => void;
  readonly onCommit: (tookMs: number, commands: number) => void;
}

interface Waiting {
  readonly command: Command;
  readonly answer: (outcome: Outcome) => void;
}

export function createBatches(options: BatchesOptions): Batches {
  const { store, clock } = options;
  let queue: Waiting[] = [];
  let lapses: InstanceRef[] = [];
  let scheduled = false;
  let closed = false;
  let inFlight: Promise<void> | undefined;
  let failure: string | undefined;
  /** A batch of which it is not known whether it is durable. */
  let undecided: { readonly revision: Revision; readonly decided: readonly Decided[] } | undefined;
  let recoverAtMs = 0;

  function schedule(): void {
    if (scheduled || closed || inFlight !== undefined || failure !== undefined) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      if (inFlight === undefined && failure === undefined && !closed) runBatch();
    });
  }

  function runBatch(): void {
    const taken = queue.length <= MAX_BATCH ? queue : queue.slice(0, MAX_BATCH);
    queue = queue.length <= MAX_BATCH ? [] : queue.slice(MAX_BATCH);
    const lapsing = lapses.splice(-LAPSES_A_BATCH);
    if (taken.length === 0 && lapsing.length === 0) return;

    const decide = options.begin();
    const decided: Decided[] = [];
    const changes: StoreChange[] = [];
    const outcomes: Outcome[] = [];
    let revision = options.lastRevision();
    for (const command of lapsing.length === 0 ? commands(taken) : [...commands(taken), { kind: 'lapse', refs: lapsing } as const]) {
      const next = (revision + 1) as Revision;
      const { outcome, effects } = decide(command, next);
      outcomes.push(outcome);
      if (effects.length === 0) continue;
      decided.push({ revision: next, effects });
      const before = changes.length;
      for (const effect of effects) {
        const change = storeChange(effect);
        if (change !== undefined) changes.push(change);
      }
      if (changes.length > before) revision = next;
    }
    if (changes.length === 0) {
      finish(decided, taken, outcomes);
      return;
    }
    options.leaving(decided, false);
    const began = clock.monotonicMs();
    inFlight = store.commit({ revision, changes }).then(
      () => {
        inFlight = undefined;
        options.onCommit(clock.monotonicMs() - began, taken.length);
        finish(decided, taken, outcomes);
      },
      (error: unknown) => {
        inFlight = undefined;
        options.leaving(decided, true);
        fail(asStoreError(error), taken, { revision, decided });
      },
    );
  }

  function finish(decided: readonly Decided[], taken: readonly Waiting[], outcomes: readonly Outcome[]): void {
    if (decided.length > 0) options.apply(decided);
    taken.forEach(({ answer }, index) => answer(outcomes[index] ?? { kind: 'done' }));
    if (queue.length > 0 || lapses.length > 0) schedule();
  }

  function fail(error: StoreError, taken: readonly Waiting[], batch: NonNullable<typeof undecided>): void {
    failure = error.message;
    undecided = error.outcome === 'outcome-unknown' ? batch : undefined;
    recoverAtMs = clock.monotonicMs() + RECOVER_EVERY_MS;
    options.onFailure(error.message);
    lapses = [];
    for (const { answer } of taken) answer(rejected({ code: error.outcome, reason: error.message }));
    refuseQueue(error.message);
  }

  function refuseQueue(reason: string): void {
    const refused = queue;
    queue = [];
    for (const { answer } of refused) answer(rejected({ code: 'unavailable', reason }));
  }

  function recover(): void {
    inFlight = store.recover().then(
      (durable) => {
        inFlight = undefined;
        failure = undefined;
        if (undecided !== undefined && durable >= undecided.revision) options.apply(undecided.decided);
        undecided = undefined;
        options.onRecovery();
        schedule();
      },
      (error: unknown) => {
        inFlight = undefined;
        failure = asStoreError(error).message;
        recoverAtMs = clock.monotonicMs() + RECOVER_EVERY_MS;
      },
    );
  }

  return {
    submit(command) {
      if (closed) return Promise.resolve(rejected({ code: 'unavailable', reason: 'the registry is stopping' }));
      if (failure !== undefined) return Promise.resolve(rejected({ code: 'unavailable', reason: failure }));
      if (queue.length >= MAX_QUEUE) return Promise.resolve(rejected({ code: 'unavailable', reason: 'too many changes are waiting' }));
      return new Promise((answer) => {
        queue.push({ command, answer });
        schedule();
      });
    },
    lapse(refs) {
      if (failure !== undefined) return;
      for (const ref of refs) lapses.push(ref);
      if (lapses.length > 0) schedule();
    },
    tick() {
      if (failure !== undefined && inFlight === undefined && !closed && clock.monotonicMs() >= recoverAtMs) recover();
    },
    get failure() {
      return failure;
    },
    async close() {
      closed = true;
      refuseQueue('the registry is stopping');
      await inFlight;
    },
  };
}

function* commands(waiting: readonly Waiting[]): Generator<Command> {
  for (const { command } of waiting) yield command;
}

function asStoreError(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError('outcome-unknown', String(error), { cause: error });
}

function rejected(error: RegistryError): Outcome {
  return { kind: 'rejected', error };
}
