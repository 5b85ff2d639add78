import { execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreError, StoreOpenError } from '@rollcall/core';
import { needs } from '@rollcall/testkit';
import { anyRecord, batchOf, put } from '@rollcall/testkit/stored';
import { expect, onTestFinished, test } from 'vitest';
import { createEmbeddedStore } from '../../src/store/embedded/store.ts';
import { mountDisk } from './disk.ts';
import { makePlace, type OpenedStore, type Place } from './place.ts';

const BATCH_ROWS = 100;

/** Rows of the n-th batch, from 1; the revision is n. */
function batch(n: number) {
  const first = (n - 1) * BATCH_ROWS + 1;
  return batchOf(n, ...Array.from({ length: BATCH_ROWS }, (_, index) => put(first + index, anyRecord(first + index))));
}

/** Commits until it fails; returns the failure and the last revision that was acknowledged. */
async function fill({ store }: OpenedStore, from: number): Promise<{ readonly failure: StoreError; readonly acknowledged: number }> {
  for (let n = from; n < 10_000; n += 1) {
    try {
      await store.commit(batch(n));
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return { failure: error, acknowledged: n - 1 };
    }
  }
  throw new Error('the disk never became full');
}

async function expectRows(place: Place, batches: number): Promise<void> {
  const { image, rows, store } = await place.open();
  expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: batches * BATCH_ROWS }, (_, index) => index + 1));
  expect(image).toMatchObject({ revision: batches, damaged: 0, notices: [] });
  await store.close();
}

test('a full disk fails commits, and the store comes back by itself when there is space', async (context) => {
  const disk = mountDisk(context, 3_000);
  const place = await makePlace(disk.path);
  const opened = await place.open();
  const ballast = join(disk.path, 'ballast');
  writeFileSync(ballast, Buffer.alloc(1_500_000));

  const { failure, acknowledged } = await fill(opened, 1);
  expect(failure).toMatchObject({ outcome: 'unavailable', message: expect.stringContaining('free space') });
  expect(acknowledged).toBeGreaterThan(0);
  truncateSync(ballast, 0);
  expect(await opened.store.recover()).toBe(acknowledged);
  await opened.store.commit(batch(acknowledged + 1));
  await opened.store.close();
  await expectRows(place, acknowledged + 1);
});

test('while the disk stays full, recovering fails plainly or leads to a commit that does', async (context) => {
  const disk = mountDisk(context, 2_000);
  const place = await makePlace(disk.path);
  const opened = await place.open();
  const { acknowledged } = await fill(opened, 1);
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const recovered = await opened.store.recover().catch((error: unknown) => error);
    if (recovered instanceof StoreError) continue;
    expect(recovered).toBe(acknowledged);
    await expect(opened.store.commit(batch(acknowledged + 1))).rejects.toBeInstanceOf(StoreError);
  }
  await expect(opened.store.backup(join(disk.path, 'backup'))).rejects.toBeInstanceOf(StoreError);
  expect(await place.files('backup')).toEqual([]);
  await opened.store.close();
  await rm(join(disk.path, 'backup'), { force: true });
});

test('a disk that refuses writes in the middle leaves no doubt, and the store comes back', async (context) => {
  needs.command(context, 'prlimit --version', 'apt-get install util-linux');
  const place = await makePlace();
  const opened = await place.open();
  await opened.store.commit(batch(1));
  const limited = limitFileSize(200_000);
  const { failure, acknowledged } = await fill(opened, 2);
  expect(failure.message).toContain(place.database);
  await expect(opened.store.commit(batch(acknowledged + 1))).rejects.toMatchObject({ outcome: 'unavailable' });
  limited.lift();
  const durable = await opened.store.recover();
  expect([acknowledged, acknowledged + 1]).toContain(durable);
  await opened.store.commit(batch(durable + 1));
  await opened.store.close();
  await expectRows(place, durable + 1);
});

test('a read-only directory is named with the remedy, and nothing in it changes', async (context) => {
  const disk = mountDisk(context, 20_000);
  const place = await makePlace(disk.path);
  const { store } = await place.open();
  await store.commit(batch(1));
  await store.close();
  disk.makeReadOnly();
  try {
    await expect(place.open()).rejects.toSatisfy(
      (error) => error instanceof StoreOpenError && error.message.includes('write') && error.message.includes(place.dir),
    );
  } finally {
    disk.makeWritable();
  }
  await expectRows(place, 1);
});

test('a directory that cannot be made, and a file in its place', async () => {
  const place = await makePlace();
  const file = join(place.dir, 'file');
  writeFileSync(file, '');
  for (const dir of [file, join(file, 'below'), '/proc/nothing/here']) {
    await expect(createEmbeddedStore({ dir }).open(() => {})).rejects.toSatisfy(
      (error) => error instanceof StoreOpenError && error.message.includes(dir) && error.message.split('\n').length === 1,
    );
  }
});

test('a reader that never ends delays nothing, and the log is cut when it does', async () => {
  const place = await makePlace();
  const { store } = await place.open();
  await store.commit(batch(1));
  const reader = new DatabaseSync(place.database, { readOnly: true });
  onTestFinished(() => {
    if (reader.isOpen) reader.close();
  });
  reader.exec('BEGIN');
  const count = reader.prepare('SELECT count(*) AS rows FROM instances');
  expect(count.get()).toEqual({ rows: BATCH_ROWS });
  for (let n = 2; n <= 400; n += 1) await store.commit(batch(n));
  expect(count.get()).toEqual({ rows: BATCH_ROWS });
  reader.exec('COMMIT');
  expect(count.get()).toEqual({ rows: 400 * BATCH_ROWS });
  reader.close();
  await store.close();
  expect(await place.files('rollcall.db')).toEqual(['rollcall.db']);
  await expectRows(place, 400);
});

test('a writer of another program fails commits, as unavailable, until it is done', async () => {
  const place = await makePlace();
  const { store } = await place.open();
  await store.commit(batch(1));
  const writer = new DatabaseSync(place.database);
  onTestFinished(() => {
    if (writer.isOpen) writer.close();
  });
  writer.exec('BEGIN IMMEDIATE');
  await expect(store.commit(batch(2))).rejects.toMatchObject({
    outcome: 'unavailable',
    message: expect.stringContaining('another program'),
  });
  await expect(store.recover()).rejects.toMatchObject({ outcome: 'unavailable' });
  writer.exec('ROLLBACK');
  expect(await store.recover()).toBe(1);
  await store.commit(batch(2));
  await store.close();
  await expectRows(place, 2);
});

test('a database that is removed under a running store is not replaced by an empty one', async () => {
  const place = await makePlace();
  const { store } = await place.open();
  await store.commit(batch(1));
  for (const name of await place.files('rollcall.db')) await rm(join(place.dir, name));
  await expect(store.recover()).rejects.toMatchObject({ outcome: 'unavailable', message: expect.stringContaining('is gone') });
});

/** The largest file this process may write, in bytes, until it is lifted: a write beyond fails as on a broken disk. */
function limitFileSize(bytes: number): { lift(): void } {
  const set = (soft: string): Buffer => execFileSync('prlimit', ['--pid', String(process.pid), `--fsize=${soft}:unlimited`]);
  const lift = (): void => void set('unlimited');
  onTestFinished(lift);
  set(String(bytes));
  return { lift };
}
