/**
 * A store's files after churn, broken in every way a disk can break them, at places of chance. Whatever is done to them: the
 * store opens, each row it serves was written for that row once, what is not served as it was acknowledged is announced,
 * and from there it goes on as a sound store.
 */
import { copyFile, mkdir, mkdtemp, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { storeFiles } from '../../src/store/embedded/files.ts';
import type { EncodedImage } from '../../src/store/embedded/messages.ts';
import { openStore } from '../../src/store/embedded/open.ts';
import { createEmbeddedStore } from '../../src/store/embedded/store.ts';
import { openWitness } from '../../src/store/embedded/witness.ts';
import { anyBatch, applied, type Picture } from './churn.ts';
import { below, seeded, seedOfRun } from './random.ts';

const FILES = ['rollcall.db', 'rollcall.db-wal', 'acknowledged'] as const;
type FileName = (typeof FILES)[number];

const seed = seedOfRun();
const random = seeded(seed);

let home: string;
let original: string;
let acknowledged: Picture;
/** Every text that was ever written for a row. */
const written = new Map<number, Set<string>>();

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'damage-'));
  const living = join(home, 'living');
  original = join(home, 'original');
  await mkdir(original);
  acknowledged = new Map();
  let lastRow = 0;
  let store = createEmbeddedStore({ dir: living });
  await store.open(() => {});
  for (let revision = 1; revision <= 80; revision += 1) {
    const batch = anyBatch(revision, [...acknowledged.keys()], lastRow, 60, random);
    await store.commit(batch);
    acknowledged = applied(acknowledged, batch);
    for (const [row, text] of acknowledged) written.set(row, (written.get(row) ?? new Set()).add(text));
    for (const change of batch.changes) if (change.kind === 'put') lastRow = Math.max(lastRow, change.row);
    if (revision !== 72) continue;
    // From here on, what is written stays in the log.
    await store.close();
    store = createEmbeddedStore({ dir: living });
    await store.open(() => {});
  }
  for (const name of FILES) await copyFile(join(living, name), join(original, name));
  await store.close();
});

afterAll(() => rm(home, { recursive: true, force: true }));

test('unharmed, all of it is there', async () => {
  const { served, image } = await opened(await copy());
  expect(sorted(served)).toEqual(sorted(acknowledged));
  expect(image).toMatchObject({ damaged: 0, notices: [] });
});

for (const [name, headerBytes] of [
  ['rollcall.db', 100],
  ['rollcall.db-wal', 56],
] as const) {
  test(`${name} with one byte flipped`, { timeout: 300_000 }, async () => {
    const { size } = await stat(join(original, name));
    // Every byte of the headers counts; elsewhere, chance.
    const places = [...Array.from({ length: headerBytes }, (_, at) => at), ...Array.from({ length: 60 }, () => below(size, random))];
    for (const at of places) await survives(`byte ${at} of ${name}`, (dir) => flip(dir, name, at, 1));
  });

  test(`${name} with a stretch overwritten`, { timeout: 300_000 }, async () => {
    const { size } = await stat(join(original, name));
    for (let trial = 0; trial < 40; trial += 1) {
      const at = below(size, random);
      const bytes = 1 + below(20_000, random);
      await survives(`${bytes} bytes from ${at} of ${name}`, (dir) => flip(dir, name, at, bytes));
    }
  });

  test(`${name} cut off`, { timeout: 300_000 }, async () => {
    const { size } = await stat(join(original, name));
    const ends = [0, 1, 31, 32, 100, 8_191, 8_192, size - 1, ...Array.from({ length: 40 }, () => below(size, random))];
    for (const end of ends) await survives(`${name} cut to ${end}`, (dir) => truncate(join(dir, name), end));
  });

  test(`${name} gone`, async () => {
    await survives(`${name} gone`, (dir) => rm(join(dir, name)));
  });
}

test('both files broken at once', { timeout: 300_000 }, async () => {
  for (let trial = 0; trial < 40; trial += 1) {
    const places = (['rollcall.db', 'rollcall.db-wal'] as const).map((name) => ({ name, share: random(), bytes: 1 + below(200, random) }));
    await survives(JSON.stringify(places), async (dir) => {
      for (const { name, share, bytes } of places)
        await flip(dir, name, Math.floor(share * (await stat(join(original, name))).size), bytes);
    });
  }
});

test('database and log gone, or everything but the log', async () => {
  await survives('both gone', async (dir) => {
    await rm(join(dir, 'rollcall.db'));
    await rm(join(dir, 'rollcall.db-wal'));
  });
  await survives('all but the log', async (dir) => {
    await rm(join(dir, 'rollcall.db'));
    await rm(join(dir, 'acknowledged'));
  });
});

test('a broken witness is announced and harms nothing', async () => {
  for (const at of [0, 20, 40, 60]) {
    const dir = await copy();
    await flip(dir, 'acknowledged', at, 1);
    const { served, image } = await opened(dir);
    expect(sorted(served)).toEqual(sorted(acknowledged));
    expect(image.damaged).toBe(0);
    expect(image.notices.length, `byte ${at}`).toBeLessThanOrEqual(1);
  }
});

test('through the worker: the broken file is kept, the repair is told once, and the store goes on', async () => {
  const dir = await copy();
  await flip(dir, 'rollcall.db', 8_192 * 4, 8_192 * 60);
  const before = await readFile(join(dir, 'rollcall.db'));
  const store = createEmbeddedStore({ dir });
  const rows: number[] = [];
  const image = await store.open((piece) => rows.push(...piece.map(({ row }) => row)));
  expect(image.notices.length).toBeGreaterThan(0);
  const batch = anyBatch(image.revision + 1, rows, image.lastRow, 20, random);
  await store.commit(batch);
  await store.close();
  const again = createEmbeddedStore({ dir });
  const second = await again.open(() => {});
  await again.close();
  expect(second).toMatchObject({ revision: batch.revision, history: image.history, damaged: 0, notices: [] });
  const kept = (await readdir(dir)).filter((name) => /^rollcall\.db\.damaged-.*Z$/.test(name));
  expect(kept).toHaveLength(1);
  expect((await readFile(join(dir, kept[0] ?? ''))).length).toBeGreaterThanOrEqual(before.length);
});

async function survives(what: string, harm: (dir: string) => Promise<void>): Promise<void> {
  const where = `${what}, STORE_SEED=${seed}`;
  const dir = await copy();
  try {
    await harm(dir);
    const { served, image } = await opened(dir, where);
    for (const [row, text] of served) expect(written.get(row)?.has(text), `row ${row} served as never written: ${where}`).toBe(true);
    const asAcknowledged = served.size === acknowledged.size && [...served].every(([row, text]) => acknowledged.get(row) === text);
    if (!asAcknowledged) expect(image.notices, `lost without a word: ${where}`).not.toEqual([]);
    expect(image.revision, where).toBeGreaterThanOrEqual(0);
    const second = await opened(dir, where);
    expect(sorted(second.served), `served otherwise the second time: ${where}`).toEqual(sorted(served));
    expect(second.image, where).toMatchObject({
      history: image.history,
      revision: image.revision,
      lastRow: image.lastRow,
      damaged: 0,
      notices: [],
    });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Opens as the worker does, without a worker: hundreds of openings are wanted here. */
async function opened(dir: string, where = ''): Promise<{ readonly served: Picture; readonly image: EncodedImage }> {
  const served: Picture = new Map();
  const files = storeFiles(dir);
  const { database, meta, image } = await openStore(
    files,
    ({ row, content, standing, goneAtMs }) => {
      expect(served.has(row), `row ${row} twice: ${where}`).toBe(false);
      served.set(row, `[${row},${content},${standing},${goneAtMs}]`);
      return undefined;
    },
    Date.now(),
  );
  const witness = openWitness(files.witness);
  witness.write(meta);
  witness.close();
  expect(meta.instances, where).toBe(served.size);
  expect(database.prepare('PRAGMA integrity_check').all(), where).toEqual([{ integrity_check: 'ok' }]);
  database.close();
  return { served, image };
}

async function copy(): Promise<string> {
  const dir = await mkdtemp(join(home, 'case-'));
  for (const name of FILES) await copyFile(join(original, name), join(dir, name));
  return dir;
}

/** Changes every byte of the stretch, each in a way of its own. */
async function flip(dir: string, name: FileName, at: number, bytes: number): Promise<void> {
  const handle = await open(join(dir, name), 'r+');
  try {
    const stretch = Buffer.alloc(bytes);
    const { bytesRead } = await handle.read(stretch, 0, bytes, at);
    for (let index = 0; index < bytesRead; index += 1) stretch[index] = (stretch[index] ?? 0) ^ (1 + below(255, random));
    await handle.write(stretch, 0, bytesRead, at);
  } finally {
    await handle.close();
  }
}

function sorted(picture: Picture): [number, string][] {
  return [...picture].sort(([a], [b]) => a - b);
}
