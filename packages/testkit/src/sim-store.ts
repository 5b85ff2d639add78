/**
 * A store whose disk is an object and whose failures are told to it: commits resolve at once, wait, or fail in each of the
 * three ways (nothing happened, it happened unseen, it did not and nobody knows). It also holds its caller to the port's
 * contract: never two commits in flight, nothing but `recover` after a failure, revisions that only grow.
 */
import {
  type HistoryId,
  type Intent,
  type Revision,
  type Row,
  type Store,
  type StoreBatch,
  type StoredInstance,
  StoreError,
  targetKey,
} from '@rollcall/core';

/** `happened` and `lost` both reject as `outcome-unknown`; only `recover` can tell them apart. */
export type CommitFate = 'done' | 'unavailable' | 'happened' | 'lost';

/** What would be on the disk: kept over `reopened`. */
export interface SimDisk {
  readonly history: HistoryId;
  revision: Revision;
  lastRow: Row;
  readonly rows: Map<Row, StoredInstance>;
  readonly intents: Map<string, Intent>;
}

export interface SimStore extends Store {
  readonly disk: SimDisk;
  /** Every batch that became durable here, in order. */
  readonly committed: readonly StoreBatch[];
  /** The batch that is being committed. */
  readonly pending: StoreBatch | undefined;
  /** While true, commits wait for `finish`. */
  held: boolean;
  /** While it has a reason, `recover` and commits fail with it. */
  broken: string | undefined;
  /** What becomes of the next commits, one each; then `done` again. */
  fate(...fates: CommitFate[]): void;
  /** Ends the commit that waits, if one does. */
  finish(fate: CommitFate): void;
  /** The process dies: what it had in flight becomes of as told, and another store opens the same disk. */
  reopened(inFlight?: 'happened' | 'lost'): SimStore;
}

let histories = 0;

export function createSimStore(disk: SimDisk = emptyDisk()): SimStore {
  const committed: StoreBatch[] = [];
  const fates: CommitFate[] = [];
  let flight: { readonly batch: StoreBatch; readonly end: (fate: CommitFate) => void } | undefined;
  let failed = false;
  let dead = false;

  function write(batch: StoreBatch): void {
    if (batch.revision <= disk.revision) throw new Error(`revision ${batch.revision} after ${disk.revision}`);
    for (const change of batch.changes) {
      switch (change.kind) {
        case 'put': {
          const { kind: _kind, ...stored } = change;
          disk.rows.set(change.row, stored);
          if (change.row > disk.lastRow) disk.lastRow = change.row;
          break;
        }
        case 'standing': {
          const stored = disk.rows.get(change.row);
          if (stored === undefined) throw new Error(`standing for row ${change.row}, which is not there`);
          disk.rows.set(change.row, { ...stored, standing: change.standing, goneAtMs: change.goneAtMs });
          break;
        }
        case 'delete':
          if (!disk.rows.delete(change.row)) throw new Error(`delete of row ${change.row}, which is not there`);
          break;
        case 'intent':
          if (change.intent.intent === 'serving') disk.intents.delete(targetKey(change.intent.target));
          else disk.intents.set(targetKey(change.intent.target), change.intent);
      }
    }
    disk.revision = batch.revision;
    committed.push(batch);
  }

  const store: SimStore = {
    kind: 'simulated',
    disk,
    committed,
    held: false,
    broken: undefined,
    get pending() {
      return flight?.batch;
    },
    fate(...more) {
      fates.push(...more);
    },
    finish(fate) {
      flight?.end(fate);
    },
    reopened(inFlight = 'lost') {
      if (flight !== undefined && inFlight === 'happened') write(flight.batch);
      flight = undefined;
      dead = true;
      return createSimStore(disk);
    },

    async open(onInstances) {
      const rows = [...disk.rows.values()].toSorted((a, b) => a.row - b.row);
      for (let first = 0; first < rows.length; first += 10_000) onInstances(rows.slice(first, first + 10_000));
      const { history, revision, lastRow } = disk;
      return { history, revision, lastRow, intents: [...disk.intents.values()], damaged: 0, notices: [] };
    },
    commit(batch) {
      if (flight !== undefined) throw new Error('two commits in flight');
      if (failed) throw new Error('a commit before the store has recovered');
      if (batch.changes.length === 0) throw new Error('a commit of nothing');
      return new Promise((resolve, reject) => {
        const end = (fate: CommitFate): void => {
          if (dead) return;
          flight = undefined;
          if (fate === 'done' || fate === 'happened') write(batch);
          if (fate === 'done') return resolve();
          failed = true;
          reject(new StoreError(fate === 'unavailable' ? 'unavailable' : 'outcome-unknown', store.broken ?? 'told to fail'));
        };
        flight = { batch, end };
        if (store.broken !== undefined) queueMicrotask(() => end('unavailable'));
        else if (!store.held) queueMicrotask(() => end(fates.shift() ?? 'done'));
      });
    },
    async recover() {
      if (!failed) throw new Error('recover without a failure');
      if (store.broken !== undefined) throw new StoreError('unavailable', store.broken);
      failed = false;
      return disk.revision;
    },
    async close() {
      if (flight !== undefined) throw new Error('closed with a commit in flight');
    },
  };
  return store;
}

function emptyDisk(): SimDisk {
  histories += 1;
  return { history: `history-${histories}` as HistoryId, revision: 0 as Revision, lastRow: 0 as Row, rows: new Map(), intents: new Map() };
}
