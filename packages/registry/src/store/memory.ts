/**
 * A store that forgets everything with the process: for trying out, and for tests.
 *
 * It keeps the same contract as the durable ones (`storeContract`), and what it holds is there again when the same object
 * is opened after a `close`, so that a simulated restart needs no disk.
 * Bound: one reference for each stored instance and intent.
 */
import {
  type HistoryId,
  type Intent,
  type Revision,
  type Row,
  type Store,
  StoreError,
  type StoredInstance,
  targetKey,
} from '@rollcall/core';

const PIECE_ROWS = 10_000;

export interface MemoryStoreOptions {
  /** 0 to 1, not reached; names the history. */
  readonly random?: () => number;
}

export function createMemoryStore({ random = Math.random }: MemoryStoreOptions = {}): Store {
  const history = historyFrom(random);
  const instances = new Map<Row, StoredInstance>();
  const intents = new Map<string, Intent>();
  let revision = 0 as Revision;
  let lastRow = 0 as Row;
  let isOpen = false;

  return {
    kind: 'memory',
    async open(onInstances) {
      isOpen = true;
      const inOrder = [...instances.values()].sort((a, b) => a.row - b.row);
      for (let at = 0; at < inOrder.length; at += PIECE_ROWS) onInstances(inOrder.slice(at, at + PIECE_ROWS));
      return { history, revision, lastRow, intents: [...intents.values()], damaged: 0, notices: [] };
    },
    async commit(batch) {
      if (!isOpen) throw new StoreError('unavailable', 'the store is closed');
      for (const change of batch.changes) {
        switch (change.kind) {
          case 'put': {
            const { row, record, standing, goneAtMs } = change;
            instances.set(row, { row, record, standing, goneAtMs });
            if (row > lastRow) lastRow = row;
            break;
          }
          case 'standing': {
            const { row, standing, goneAtMs } = change;
            const before = instances.get(row);
            if (before !== undefined) instances.set(row, { ...before, standing, goneAtMs });
            break;
          }
          case 'delete':
            instances.delete(change.row);
            break;
          case 'intent':
            if (change.intent.intent === 'serving') intents.delete(targetKey(change.intent.target));
            else intents.set(targetKey(change.intent.target), change.intent);
            break;
        }
      }
      revision = batch.revision;
    },
    async recover() {
      if (!isOpen) throw new StoreError('unavailable', 'the store is closed');
      return revision;
    },
    async close() {
      isOpen = false;
    },
  };
}

function historyFrom(random: () => number): HistoryId {
  const words = Array.from({ length: 4 }, () => Math.floor(random() * 0x1_0000_0000));
  return words.map((word) => word.toString(16).padStart(8, '0')).join('') as HistoryId;
}
