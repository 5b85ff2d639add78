/**
 * What every store promises, as one suite: `storeContract('memory', …)`. See `Store` in the core.
 *
 * A subject is one place where things are kept; `make` prepares an empty one, and each `store()` opens it anew, as a restart
 * of the registry would.
 */
import {
  type HistoryId,
  type Intent,
  type Row,
  type Store,
  type StoreBatch,
  type StoreChange,
  type StoredInstance,
  type StoreImage,
  StoreError,
} from '@rollcall/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { anyRecord, batchOf, intentFor, put } from './stored.ts';

export interface StoreSubject {
  /** A store over the place, not open. Only one is open at a time. */
  store(): Store;
  /** Removes the place. */
  dispose(): Promise<void>;
}

interface Opened {
  readonly store: Store;
  readonly image: StoreImage;
  readonly rows: StoredInstance[];
  readonly pieces: number[];
}

export function storeContract(name: string, make: () => Promise<StoreSubject>): void {
  async function subject(): Promise<{ open(): Promise<Opened> }> {
    const made = await make();
    const stores: Store[] = [];
    onTestFinished(async () => {
      for (const store of stores) await store.close();
      await made.dispose();
    });
    return {
      async open() {
        const store = made.store();
        stores.push(store);
        const rows: StoredInstance[] = [];
        const pieces: number[] = [];
        const image = await store.open((piece) => {
          pieces.push(piece.length);
          rows.push(...piece);
        });
        return { store, image, rows, pieces };
      },
    };
  }

  /** What a restart finds after these batches. */
  async function after(...batches: StoreBatch[]): Promise<Opened> {
    const place = await subject();
    const { store } = await place.open();
    for (const batch of batches) await store.commit(batch);
    await store.close();
    return place.open();
  }

  describe(`the ${name} store`, () => {
    test('is empty at first, at revision 0, in a history of its own', async () => {
      const one = await (await subject()).open();
      const other = await (await subject()).open();
      expect(one.rows).toEqual([]);
      expect(one.image).toMatchObject({ revision: 0, lastRow: 0, intents: [], damaged: 0, notices: [] });
      expect(one.image.history).not.toBe('' as HistoryId);
      expect(one.image.history).not.toBe(other.image.history);
    });

    test('gives back what was put, whatever it contains', async () => {
      const records = [
        anyRecord(1),
        anyRecord(2, {
          metadata: { text: 'ä \u0000 \u2028 \ud800 "\\', deep: { list: [null, true, -0.5e-7, ''] }, big: 'x'.repeat(60_000) },
        }),
        anyRecord(3, { node: 'n', url: 'http://h/x', zone: 'z', tags: ['a', 'b'], models: ['m'], weight: 0.25 }),
        anyRecord(4, { metadata: JSON.parse('{"__proto__": {"x": 1}, "constructor": "c"}') as Record<string, never> }),
      ];
      const changes = records.map((record, index) => put(index + 1, record, { standing: index * 70_000, goneAtMs: index * 0.5 }));
      const { rows } = await after(batchOf(1, ...changes));
      expect(rows).toEqual(changes.map(({ kind: _, ...stored }) => stored));
      expect(JSON.stringify(rows.map(({ record }) => record))).toBe(JSON.stringify(records));
    });

    test('applies the changes of a batch in order; the later of one row wins', async () => {
      const { rows, image } = await after(
        batchOf(3, put(1, anyRecord(1)), put(1, anyRecord(1, { weight: 7 })), put(2, anyRecord(2)), { kind: 'delete', row: 2 as Row }),
        batchOf(4, put(3, anyRecord(3)), { kind: 'delete', row: 3 as Row }, put(3, anyRecord(3, { weight: 9 }))),
      );
      expect(rows.map(({ row, record }) => [row, record.weight])).toEqual([
        [1, 7],
        [3, 9],
      ]);
      expect(image).toMatchObject({ revision: 4, lastRow: 3 });
    });

    test('changes the standing and leaves the record', async () => {
      const record = anyRecord(1);
      const { rows } = await after(
        batchOf(1, put(1, record)),
        batchOf(2, { kind: 'standing', row: 1 as Row, standing: 262_143, goneAtMs: 1_700_000_000_123 }),
      );
      expect(rows).toEqual([{ row: 1, record, standing: 262_143, goneAtMs: 1_700_000_000_123 }]);
    });

    test('passes over a standing and a delete of a row that is not there', async () => {
      const { rows, image } = await after(
        batchOf(1, put(1, anyRecord(1))),
        batchOf(2, { kind: 'standing', row: 8 as Row, standing: 1, goneAtMs: 0 }, { kind: 'delete', row: 9 as Row }),
      );
      expect(rows.map(({ row }) => row)).toEqual([1]);
      expect(image).toMatchObject({ revision: 2, damaged: 0, notices: [] });
    });

    test('never gives a row away again: the largest is remembered when it is deleted', async () => {
      const { rows, image } = await after(batchOf(1, put(5, anyRecord(5))), batchOf(2, { kind: 'delete', row: 5 as Row }));
      expect(rows).toEqual([]);
      expect(image.lastRow).toBe(5);
    });

    test('keeps intents by their target; serving takes one out', async () => {
      const byId: Intent = intentFor({ kind: 'instance', id: anyRecord(1).id }, 'draining');
      const byAddress: Intent = {
        ...intentFor({ kind: 'address', service: 'a b', host: 'c', port: 80 }, 'maintenance'),
        reason: 'disk "x"',
      };
      const alike: Intent = intentFor({ kind: 'address', service: 'a', host: 'b c', port: 80 }, 'draining');
      const { image } = await after(
        batchOf(1, intent(byId), intent(byAddress), intent(alike)),
        batchOf(2, intent({ ...byId, intent: 'maintenance', setAtMs: 5 }), intent({ ...alike, intent: 'serving' })),
      );
      expect(image.intents.toSorted((a, b) => a.target.kind.localeCompare(b.target.kind))).toEqual([
        byAddress,
        { ...byId, intent: 'maintenance', setAtMs: 5 },
      ]);
    });

    test('keeps its history over restarts, and begins in it where it ended', async () => {
      const place = await subject();
      const first = await place.open();
      await first.store.commit(batchOf(1, put(1, anyRecord(1))));
      await first.store.close();
      const second = await place.open();
      await second.store.commit(batchOf(2, put(2, anyRecord(2))));
      await second.store.close();
      const third = await place.open();
      expect(third.image).toMatchObject({ history: first.image.history, revision: 2, lastRow: 2 });
      expect(third.rows.map(({ row }) => row)).toEqual([1, 2]);
    });

    test('hands out many rows in pieces of at most 10,000, in order', async () => {
      const total = 25_000;
      const changes = Array.from({ length: total }, (_, index) => put(index + 1, anyRecord(index + 1)));
      const { rows, pieces } = await after(batchOf(1, ...changes));
      expect(pieces.every((length) => length > 0 && length <= 10_000)).toBe(true);
      expect(rows.map(({ row }) => row)).toEqual(changes.map(({ row }) => row));
      expect(rows[total - 1]?.record).toEqual(anyRecord(total));
    });

    test('tells the last durable revision when asked to recover, and goes on', async () => {
      const { store } = await (await subject()).open();
      expect(await store.recover()).toBe(0);
      await store.commit(batchOf(1, put(1, anyRecord(1))));
      expect(await store.recover()).toBe(1);
      await store.commit(batchOf(2, put(2, anyRecord(2))));
      expect(await store.recover()).toBe(2);
    });

    test('fails plainly once it is closed, and closes twice', async () => {
      const { store } = await (await subject()).open();
      await store.close();
      await store.close();
      await expect(store.commit(batchOf(1, put(1, anyRecord(1))))).rejects.toSatisfy(isUnavailable);
      await expect(store.recover()).rejects.toSatisfy(isUnavailable);
    });
  });
}

function isUnavailable(error: unknown): boolean {
  return error instanceof StoreError && error.outcome === 'unavailable' && error.message !== '';
}

function intent(of: Intent): StoreChange {
  return { kind: 'intent', intent: of };
}
