import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { StoreBatch } from '@rollcall/core';
import { expect, onTestFinished, test } from 'vitest';
import { applied, type Picture, pictureOf } from './churn.ts';
import { makePlace } from './place.ts';
import { below, seeded, seedOfRun } from './random.ts';

const ROUNDS = 24;
const CHILD = fileURLToPath(new URL('./children/commit-until-killed.ts', import.meta.url));

interface Told {
  /** Every batch that was begun, in order. */
  readonly batches: StoreBatch[];
  /** Revision of the last that was acknowledged. */
  acknowledged: number;
}

test(`${ROUNDS} times killed under load: whatever was acknowledged is there, batches are whole`, { timeout: 300_000 }, async () => {
  const seed = seedOfRun();
  const random = seeded(seed);
  const place = await makePlace();
  let picture: Picture = new Map();
  let revision = 0;
  let undecided = 0;

  for (let round = 0; round < ROUNDS; round += 1) {
    const told = await loadUntilKilled(place.dir, below(1_000_000, random), round % 4 === 0 ? 0 : below(400, random));
    const { store, image, rows } = await place.open();
    const where = `round ${round}, STORE_SEED=${seed}`;
    expect(image.revision, where).toBeGreaterThanOrEqual(Math.max(told.acknowledged, revision));
    for (const batch of told.batches) {
      if (batch.revision > image.revision) break;
      if (batch.revision > told.acknowledged) undecided += 1;
      picture = applied(picture, batch);
    }
    revision = image.revision;
    expect(sorted(pictureOf(rows)), where).toEqual(sorted(picture));
    expect(image, where).toMatchObject({ damaged: 0, notices: [] });
    await store.close();
  }
  expect(revision).toBeGreaterThan(ROUNDS);
  // Not asserted, for it is chance: batches that were durable although nobody was told.
  console.log(`STORE_SEED=${seed}: ${revision} revisions, ${picture.size} rows, ${undecided} durable but not acknowledged`);
});

/** Kills the child `afterMs` after its first acknowledgement; 0: while its first batches are on their way. */
async function loadUntilKilled(dir: string, seed: number, afterMs: number): Promise<Told> {
  const child = spawn(process.execPath, [CHILD, dir, String(seed)], { stdio: ['ignore', 'inherit', 'inherit', 'pipe'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const exited = once(child, 'exit');
  const told: Told = { batches: [], acknowledged: 0 };
  const pipe = child.stdio[3];
  if (!(pipe instanceof Readable)) throw new Error('no pipe to the child');
  for await (const line of createInterface({ input: pipe })) {
    const said = parse(line);
    if (said === undefined) continue;
    if (said.batch !== undefined) told.batches.push(said.batch);
    if (said.acknowledged === undefined && afterMs > 0) continue;
    if (told.acknowledged === 0) setTimeout(() => child.kill('SIGKILL'), afterMs);
    told.acknowledged = said.acknowledged ?? told.acknowledged;
  }
  await exited;
  return told;
}

/** The last line may be cut off by the kill: it was told of nothing then. */
function parse(line: string): { readonly batch?: StoreBatch; readonly acknowledged?: number } | undefined {
  try {
    return JSON.parse(line) as { readonly batch?: StoreBatch; readonly acknowledged?: number };
  } catch {
    return undefined;
  }
}

function sorted(picture: Picture): [number, string][] {
  return [...picture].sort(([a], [b]) => a - b);
}
