/** Batches of registrations, changes and removals over what is there, and the plain picture that they lead to. */
import type { Row, StoreBatch, StoreChange, StoredInstance } from '@rollcall/core';
import { anyRecord, batchOf, put, remove } from '@rollcall/testkit/stored';
import { below } from './random.ts';

/** What is stored of each row, as one comparable text. */
export type Picture = Map<number, string>;

export function pictureOf(rows: readonly StoredInstance[]): Picture {
  return new Map(rows.map((stored) => [stored.row, textOf(stored)]));
}

export function textOf({ row, record, standing, goneAtMs }: StoredInstance): string {
  return JSON.stringify([row, record, standing, goneAtMs]);
}

export function applied(before: Picture, batch: StoreBatch): Picture {
  const after = new Map(before);
  for (const change of batch.changes) {
    if (change.kind === 'put') after.set(change.row, textOf(change));
    else if (change.kind === 'delete') after.delete(change.row);
    else if (change.kind === 'standing') {
      const [, record] = JSON.parse(after.get(change.row) ?? '[]') as [number, StoredInstance['record']?];
      if (record !== undefined) after.set(change.row, textOf({ ...change, record }));
    }
  }
  return after;
}

/** 1 to `most` changes; `rows` are those that are there, `lastRow` the largest ever used. */
export function anyBatch(revision: number, rows: readonly number[], lastRow: number, most: number, random: () => number): StoreBatch {
  let next = lastRow;
  const changes = Array.from({ length: 1 + below(most, random) }, (): StoreChange => {
    const old = rows[below(rows.length, random)];
    const dice = random();
    if (old === undefined || dice < 0.5) {
      next += 1;
      return put(next, anyRecord(next, { weight: revision }));
    }
    if (dice < 0.65) return put(old, anyRecord(old, { weight: revision, metadata: { note: 'y'.repeat(below(9_000, random)) } }));
    if (dice < 0.8) return { kind: 'standing', row: old as Row, standing: below(262_144, random), goneAtMs: below(2, random) * revision };
    return remove(old);
  });
  return batchOf(revision, ...changes);
}
