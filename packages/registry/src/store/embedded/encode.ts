/** Between the port's words and what crosses to the worker. */
import {
  type HistoryId,
  type InstanceRecord,
  type Intent,
  type Revision,
  type Row,
  type StoreChange,
  type StoredInstance,
  type StoreImage,
  targetKey,
} from '@rollcall/core';
import {
  DELETE,
  type EncodedChanges,
  type EncodedImage,
  type EncodedPiece,
  INTENT,
  NUMBERS_A_CHANGE,
  NUMBERS_A_ROW,
  PUT,
  STANDING,
} from './messages.ts';

export function encodeChanges(changes: readonly StoreChange[], from: number, to: number): EncodedChanges {
  const numbers = new Float64Array((to - from) * NUMBERS_A_CHANGE);
  const texts: string[] = [];
  let at = 0;
  function add(kind: number, row: number, standing: number, goneAtMs: number): void {
    numbers[at] = kind;
    numbers[at + 1] = row;
    numbers[at + 2] = standing;
    numbers[at + 3] = goneAtMs;
    at += NUMBERS_A_CHANGE;
  }
  for (let index = from; index < to; index += 1) {
    const change = changes[index];
    if (change === undefined) break;
    switch (change.kind) {
      case 'put':
        add(PUT, change.row, change.standing, change.goneAtMs);
        texts.push(JSON.stringify(change.record));
        break;
      case 'standing':
        add(STANDING, change.row, change.standing, change.goneAtMs);
        break;
      case 'delete':
        add(DELETE, change.row, 0, 0);
        break;
      case 'intent':
        add(INTENT, 0, 0, 0);
        texts.push(intentKey(change.intent), change.intent.intent === 'serving' ? '' : JSON.stringify(change.intent));
        break;
    }
  }
  return { numbers, texts };
}

export function decodePiece({ numbers, records }: EncodedPiece): StoredInstance[] {
  // The checksums have shown that this is what `encodeChanges` wrote.
  const parsed = JSON.parse(records) as InstanceRecord[];
  return parsed.map((record, index) => ({
    row: (numbers[index * NUMBERS_A_ROW] ?? 0) as Row,
    record,
    standing: numbers[index * NUMBERS_A_ROW + 1] ?? 0,
    goneAtMs: numbers[index * NUMBERS_A_ROW + 2] ?? 0,
  }));
}

export function decodeImage(image: EncodedImage): StoreImage {
  return {
    ...image,
    history: image.history as HistoryId,
    revision: image.revision as Revision,
    lastRow: image.lastRow as Row,
    intents: image.intents.map((text) => JSON.parse(text) as Intent),
  };
}

/** As JSON: many tools end a text at a NUL. */
export function intentKey({ target }: Intent): string {
  return JSON.stringify(targetKey(target).split('\0'));
}
