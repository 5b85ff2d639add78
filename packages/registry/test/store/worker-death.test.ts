/** The store's thread dies: the commit in flight may have happened, the next fails plainly, and a recovery starts another. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { anyRecord, batchOf, put } from '@rollcall/testkit/stored';
import { expect, test, vi } from 'vitest';
import { makePlace } from './place.ts';

const workers: Worker[] = [];

vi.mock(import('../../src/worker.ts'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    startWorker(...args) {
      const worker = original.startWorker(...args);
      workers.push(worker);
      return worker;
    },
  };
});

test('a worker that dies is replaced when the store recovers, and its directory stays locked meanwhile', async () => {
  const place = await makePlace();
  const { store } = await place.open();
  await store.commit(batchOf(1, put(1, anyRecord(1))));
  const inFlight = store.commit(batchOf(2, ...Array.from({ length: 5_000 }, (_, index) => put(index + 2, anyRecord(index + 2)))));
  const failure = inFlight.catch((error: unknown) => error);
  const [worker] = workers;
  if (worker === undefined) throw new Error('no worker was started');
  const exited = once(worker, 'exit');
  void worker.terminate();
  expect(await failure).toMatchObject({ outcome: 'outcome-unknown' });
  await exited;
  await expect(store.commit(batchOf(3, put(9_999, anyRecord(3))))).rejects.toMatchObject({ outcome: 'unavailable' });
  await expect(place.open()).rejects.toThrow('in use by another process');

  const durable = await store.recover();
  expect([1, 2]).toContain(durable);
  expect(workers.length).toBeGreaterThan(1);
  await store.commit(batchOf(durable + 1, put(10_000, anyRecord(4))));
  await store.close();
  const { rows, image } = await place.open();
  expect(rows).toHaveLength(durable === 1 ? 2 : 5_002);
  expect(image).toMatchObject({ revision: durable + 1, damaged: 0, notices: [] });
});
