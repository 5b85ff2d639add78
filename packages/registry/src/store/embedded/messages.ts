/** What passes between the calling side and the store's worker. One request is answered before the next is sent, commits excepted. */
import type { Outcome } from './errors.ts';

export type Request =
  | { readonly kind: 'open'; readonly seq: number; readonly dir: string }
  /** Part of a batch that has more: begins its transaction if it is the first. Not answered. */
  | { readonly kind: 'changes'; readonly changes: EncodedChanges }
  /** The last part of a batch, and its end. */
  | { readonly kind: 'commit'; readonly seq: number; readonly revision: number; readonly changes: EncodedChanges }
  | { readonly kind: 'recover'; readonly seq: number; readonly dir: string }
  | { readonly kind: 'close'; readonly seq: number }
  /** A piece was taken: another may be sent. */
  | { readonly kind: 'taken' };

export type Answer =
  | { readonly kind: 'piece'; readonly piece: EncodedPiece }
  | { readonly kind: 'notice'; readonly text: string }
  | { readonly kind: 'opened'; readonly seq: number; readonly image: EncodedImage }
  | { readonly kind: 'done'; readonly seq: number; readonly revision: number }
  | { readonly kind: 'failed'; readonly seq: number; readonly outcome: Outcome; readonly reason: string };

export const NUMBERS_A_CHANGE = 4;
export const NUMBERS_A_ROW = 3;

export const PUT = 0;
export const STANDING = 1;
export const DELETE = 2;
export const INTENT = 3;

/** Numbers in one array, texts in another: that crosses between threads at the cost of a copy. */
export interface EncodedChanges {
  /** Four a change: its kind, row, standing, goneAtMs. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** One for each put, its record as JSON; two for each intent, its key and its JSON, which is empty to delete it. */
  readonly texts: readonly string[];
}

export interface EncodedPiece {
  /** Three a row: row, standing, goneAtMs. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /** A JSON array of the records: parsed at once. */
  readonly records: string;
}

export interface EncodedImage {
  readonly history: string;
  readonly revision: number;
  readonly lastRow: number;
  /** Each as JSON. */
  readonly intents: readonly string[];
  readonly damaged: number;
  readonly notices: readonly string[];
}
