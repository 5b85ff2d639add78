import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { StoreOpenError } from '@rollcall/core';
import { anyRecord, batchOf, intentFor, put } from '@rollcall/testkit/stored';
import { expect, onTestFinished, test } from 'vitest';
import { contentCrc, metaCrc } from '../../src/store/embedded/checksums.ts';
import { restoreInto } from '../../src/store/embedded/restore.ts';
import { pictureOf } from './churn.ts';
import { makePlace, type Place } from './place.ts';

const CHILD = fileURLToPath(new URL('./children/commit-until-killed.ts', import.meta.url));

function rowsFrom(first: number, count: number) {
  return Array.from({ length: count }, (_, index) => put(first + index, anyRecord(first + index)));
}

function opensNot(dir: string, ...words: string[]) {
  return (error: unknown) =>
    error instanceof StoreOpenError && [dir, ...words].every((word) => error.message.includes(word)) && !error.message.includes('\n');
}

test('a second process is refused, with the directory and the remedy, until the first is dead', async () => {
  const place = await makePlace();
  const child = spawn(process.execPath, [CHILD, place.dir, '1'], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const pipe = child.stdio[3];
  if (pipe === null || pipe === undefined) throw new Error('no pipe to the child');
  await once(pipe, 'readable');
  expect(child.exitCode).toBeNull();
  await expect(place.open()).rejects.toSatisfy(opensNot(place.dir, 'in use by another process', '--data-dir'));
  await expect(restoreInto({ dir: place.dir, file: place.database })).rejects.toSatisfy(opensNot(place.dir, 'in use'));
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
  expect((await place.open()).image.notices).toEqual([]);
});

test('a second store in one process is refused as well', async () => {
  const place = await makePlace();
  const { store } = await place.open();
  await expect(place.open()).rejects.toSatisfy(opensNot(place.dir, 'in use'));
  await store.commit(batchOf(1, put(1, anyRecord(1))));
});

test('what refuses a piece while opening fails the opening, and lets go of the directory', async () => {
  const place = await makePlace();
  const first = await place.open();
  await first.store.commit(batchOf(1, put(1, anyRecord(1))));
  await first.store.close();
  const refusal = new Error('no more');
  await expect(
    place.store().open(() => {
      throw refusal;
    }),
  ).rejects.toBe(refusal);
  expect((await place.open()).rows).toHaveLength(1);
});

test('a backup made under load is one moment, whole, and never takes the place of a file', async () => {
  const place = await makePlace();
  const { store } = await place.open();
  const file = join(place.dir, 'backup.db');
  await store.commit(batchOf(1, ...rowsFrom(1, 5_000)));
  let revision = 1;
  const ended = new AbortController();
  const backup = store.backup(file).finally(() => ended.abort());
  while (!ended.signal.aborted) {
    revision += 1;
    await store.commit(batchOf(revision, ...rowsFrom(revision * 10_000, 3)));
  }
  await backup;
  await expect(store.backup(file)).rejects.toMatchObject({ outcome: 'unavailable', message: expect.stringContaining('exists') });
  await store.close();
  expect(revision).toBeGreaterThan(2);

  const other = await makePlace();
  const restored = await restoreInto({ dir: other.dir, file });
  const { image, rows } = await other.open();
  expect(rows).toHaveLength(5_000 + (image.revision - 1) * 3);
  expect(restored).toEqual({ instances: rows.length, intents: 0, keptAs: undefined });
  expect(image).toMatchObject({ damaged: 0, notices: [] });
  expect(await place.files('backup')).toEqual(['backup.db']);
});

test('a restore brings back what was, under a new history, and keeps what it replaced', async () => {
  const place = await makePlace();
  const file = join(place.dir, 'backup.db');
  const first = await place.open();
  const intent = intentFor({ kind: 'instance', id: anyRecord(1).id }, 'draining');
  await first.store.commit(batchOf(1, put(1, anyRecord(1), { standing: 5 }), { kind: 'intent', intent }));
  await first.store.backup(file);
  await first.store.commit(batchOf(2, put(2, anyRecord(2))));
  await first.store.close();

  const { keptAs } = await restoreInto({ dir: place.dir, file });
  const second = await place.open();
  expect(second.rows).toEqual([{ row: 1, record: anyRecord(1), standing: 5, goneAtMs: 0 }]);
  expect(second.image).toMatchObject({ revision: 1, lastRow: 1, intents: [intent], notices: [] });
  expect(second.image.history).not.toBe(first.image.history);
  await second.store.close();

  await restoreInto({ dir: place.dir, file: keptAs ?? '' });
  expect((await place.open()).rows).toHaveLength(2);
});

test('a restore that cannot be leaves everything as it was', async () => {
  const place = await makePlace();
  const file = join(place.dir, 'backup.db');
  const { store, image } = await place.open();
  await store.commit(batchOf(1, ...rowsFrom(1, 500)));
  await store.backup(file);
  await store.commit(batchOf(2, put(501, anyRecord(501))));
  await store.close();
  const sound = await readFile(file);
  const before = await readFile(place.database);

  const bad = join(place.dir, 'bad.db');
  const attempts: [string, () => Promise<void>, RegExp][] = [
    ['not there', async () => {}, /no backup/],
    ['no database', () => writeFile(bad, 'x'.repeat(100_000)), /not a database/],
    ['empty', () => writeFile(bad, ''), /cannot be restored/],
    [
      'cut off',
      async () => {
        await copyFile(file, bad);
        await truncate(bad, sound.length - 8_192);
      },
      /cannot be restored/,
    ],
    ['one byte', () => writeFile(bad, flipped(sound, sound.indexOf('number 77 number'))), /cannot be restored.*1 of its rows/],
  ];
  for (const [what, make, words] of attempts) {
    await make();
    await expect(restoreInto({ dir: place.dir, file: bad }), what).rejects.toSatisfy(
      (error) => error instanceof StoreOpenError && words.test(error.message),
    );
    expect((await readFile(place.database)).equals(before), what).toBe(true);
    expect(await place.files('rollcall.db'), what).toEqual(['rollcall.db']);
  }
  const again = await place.open();
  expect(again.image).toMatchObject({ history: image.history, revision: 2, notices: [] });
});

test('damaged rows go to a table of their own, byte by byte, and to nowhere else', async () => {
  const place = await makePlace();
  const { store, image } = await place.open();
  await store.commit(batchOf(1, ...rowsFrom(1, 500)));
  await store.close();
  const sound = await readFile(place.database);
  await writeFile(place.database, flipped(sound, sound.indexOf('number 77 number')));

  const after = await place.open();
  expect(after.image).toMatchObject({ revision: 1, lastRow: 500, damaged: 1 });
  expect(after.image.notices).toEqual([expect.stringContaining('1 damaged row')]);
  expect(after.image.history).not.toBe(image.history);
  expect(after.rows.map(({ row }) => row)).toEqual(
    rowsFrom(1, 500)
      .map(({ row }) => row)
      .filter((row) => row !== 77),
  );
  await after.store.commit(batchOf(2, put(77, anyRecord(77))));
  await after.store.close();
  const database = new DatabaseSync(place.database);
  const kept = database.prepare('SELECT kind, key, content FROM damaged').all();
  database.close();
  expect(kept).toMatchObject([{ kind: 'instance', key: '77' }]);
  expect(Buffer.from(kept[0]?.content as Uint8Array)).toHaveLength(Buffer.byteLength(JSON.stringify(anyRecord(77))));
  expect((await place.open()).image).toMatchObject({ damaged: 0, notices: [] });
});

test('a file of version 0 is brought to this version; its damage is not sealed', async () => {
  const place = await makePlace();
  versionZero(place, 40);
  const { image, rows, store } = await place.open();
  expect(pictureOf(rows)).toEqual(
    pictureOf(
      rowsFrom(1, 40)
        .map((stored) => ({ ...stored, standing: stored.row % 4 }))
        .filter(({ row }) => row !== 13),
    ),
  );
  expect(image).toMatchObject({ revision: 40, lastRow: 40, damaged: 1 });
  await store.commit(batchOf(41, { kind: 'standing', row: rows[0]?.row ?? put(1, anyRecord(1)).row, standing: 3, goneAtMs: 7 }));
  await store.close();
  const again = await place.open();
  expect(again.image).toMatchObject({ revision: 41, damaged: 0, notices: [] });
  expect(again.rows[0]).toMatchObject({ standing: 3, goneAtMs: 7 });
});

test('a file of a newer version is left alone', async () => {
  const place = await makePlace();
  const { store } = await place.open();
  await store.close();
  const database = new DatabaseSync(place.database);
  const fields = [99, 'history', 1, 0, 0, 0];
  database
    .prepare('UPDATE meta SET version = ?, history = ?, revision = ?, instances = ?, intents = ?, last_row = ?, crc = ?')
    .run(...fields, metaCrc(fields));
  database.close();
  const before = await readFile(place.database);
  await expect(place.open()).rejects.toSatisfy(opensNot(place.dir, 'newer version', '99'));
  expect((await readFile(place.database)).equals(before)).toBe(true);
});

/** As version 0 wrote it, before expired instances were remembered. Row 13 is damaged. */
function versionZero({ database: file }: Place, rows: number): void {
  const database = new DatabaseSync(file);
  database.exec(`
    PRAGMA page_size = 8192;
    CREATE TABLE meta (
      id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, history TEXT NOT NULL, revision INTEGER NOT NULL,
      instances INTEGER NOT NULL, intents INTEGER NOT NULL, last_row INTEGER NOT NULL, crc INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE instances (
      row INTEGER PRIMARY KEY, content TEXT NOT NULL, content_crc INTEGER NOT NULL, standing INTEGER NOT NULL, state_crc INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE intents (key TEXT PRIMARY KEY, content TEXT NOT NULL, crc INTEGER NOT NULL) STRICT;
    CREATE TABLE damaged (
      id INTEGER PRIMARY KEY, found_at TEXT NOT NULL, kind TEXT NOT NULL, key TEXT, content BLOB, standing ANY, gone_at_ms ANY
    ) STRICT;
  `);
  const insert = database.prepare('INSERT INTO instances VALUES (?, ?, ?, ?, ?)');
  for (let row = 1; row <= rows; row += 1) {
    const content = JSON.stringify(anyRecord(row));
    const standing = row % 4;
    insert.run(row, content, contentCrc(row, content), standing, (crc32(`${row} ${standing}`) ^ (row === 13 ? 1 : 0)) >>> 0);
  }
  const fields = [0, 'a history', rows, rows, 0, rows];
  database.prepare('INSERT INTO meta VALUES (1, ?, ?, ?, ?, ?, ?, ?)').run(...fields, metaCrc(fields));
  database.close();
}

function flipped(bytes: Buffer, at: number): Buffer {
  if (at < 0) throw new Error('no such place');
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x20;
  return copy;
}
