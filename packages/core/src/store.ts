/**
 * The port behind which changes become durable. Declared here because the registry is what needs it.
 *
 * One batch is one transaction: after `commit` has resolved, a `kill -9` loses none of it; after it has rejected with
 * `unavailable`, none of it is there. With `outcome-unknown` only `recover` can tell. The registry never has two commits
 * in flight, and calls nothing but `recover` after a commit that failed.
 */
import type { HistoryId, Intent, InstanceRecord, Revision, Row } from './model.ts';

export interface Store {
  /** `memory`, `embedded`, …: for status and metrics. */
  readonly kind: string;
  /**
   * Opens the store and reads all of it; `onInstances` is called in pieces of at most 10,000, in row order.
   * Rejects with `StoreOpenError` when the store cannot be opened or belongs to another process.
   */
  open(onInstances: (piece: readonly StoredInstance[]) => void): Promise<StoreImage>;
  /** Makes a batch durable. Rejects with `StoreError` and nothing else. */
  commit(batch: StoreBatch): Promise<void>;
  /**
   * After a failed commit: makes the store usable again and tells the last durable revision, which decides whether the
   * failed batch is in. Rejects with `StoreError` while the cause lasts. Changes nothing.
   */
  recover(): Promise<Revision>;
  /** A consistent copy of everything, written to `file`, which must not exist. Rejects with `StoreError`. */
  backup?(file: string): Promise<void>;
  /** Flushes and lets go of the store. Idempotent. */
  close(): Promise<void>;
}

export interface StoreImage {
  readonly history: HistoryId;
  /** The last durable revision; 0 for a new store. */
  readonly revision: Revision;
  /** The largest row ever used; 0 for a new store. */
  readonly lastRow: Row;
  readonly intents: readonly Intent[];
  /** Rows that were damaged, and therefore set aside and not served. */
  readonly damaged: number;
  /** What an operator must know of the opening, in one line each: damage found, an end that was lost. */
  readonly notices: readonly string[];
}

/** What is kept of an instance. */
export interface StoredInstance {
  readonly row: Row;
  readonly record: InstanceRecord;
  /** Lease and checks, packed by `standing.ts`. */
  readonly standing: number;
  /** Wall time of expiry for one that is only remembered in case it comes back; 0 for a live one. */
  readonly goneAtMs: number;
}

export interface StoreBatch {
  /** The revision of the last change in it. */
  readonly revision: Revision;
  /** In order; a later change of the same row wins. */
  readonly changes: readonly StoreChange[];
}

export type StoreChange =
  | ({ readonly kind: 'put' } & StoredInstance)
  /** The record stays as it is. */
  | { readonly kind: 'standing'; readonly row: Row; readonly standing: number; readonly goneAtMs: number }
  | { readonly kind: 'delete'; readonly row: Row }
  /** `serving` deletes it. */
  | { readonly kind: 'intent'; readonly intent: Intent };

export class StoreError extends Error {
  override readonly name = 'StoreError';
  /** `unavailable`: nothing happened. `outcome-unknown`: it may have. */
  readonly outcome: 'unavailable' | 'outcome-unknown';

  constructor(outcome: StoreError['outcome'], reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.outcome = outcome;
  }
}

/** The store cannot be opened; the message names the thing and the remedy. */
export class StoreOpenError extends Error {
  override readonly name = 'StoreOpenError';
}
