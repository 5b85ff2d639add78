/**
 * Commits batch after batch into the directory given, and tells of each: one line before with the batch, one line after
 * with its revision, when it has been acknowledged. Arguments: directory, seed.
 */
import { writeSync } from 'node:fs';
import { createEmbeddedStore } from '../../../src/store/embedded/store.ts';
import { anyBatch, applied, pictureOf } from '../churn.ts';
import { seeded } from '../random.ts';

const [dir = '', seed = '0'] = process.argv.slice(2);
const random = seeded(Number(seed));
const store = createEmbeddedStore({ dir });
let picture = new Map<number, string>();
const image = await store.open((piece) => {
  for (const [row, text] of pictureOf(piece)) picture.set(row, text);
});
let { revision, lastRow }: { revision: number; lastRow: number } = image;
for (;;) {
  revision += 1;
  const batch = anyBatch(revision, [...picture.keys()], lastRow, 200, random);
  tell({ batch });
  await store.commit(batch);
  tell({ acknowledged: revision });
  picture = applied(picture, batch);
  for (const change of batch.changes) if (change.kind === 'put') lastRow = Math.max(lastRow, change.row);
}

function tell(what: object): void {
  const line = Buffer.from(`${JSON.stringify(what)}\n`);
  for (let at = 0; at < line.length; ) at += writeSync(3, line, at);
}
