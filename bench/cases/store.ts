/**
 * The embedded store alone, with 64 and 1,000 writers that each wait for their record: beside a file that the same records are
 * appended to with the same group commit, one `fdatasync` a group, without checksums.
 */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { alternate, compare } from '../lib/alternate.ts';
import type { Bench, Case, Row } from '../lib/case.ts';
import { type Core, SERVER_CORE } from '../lib/pinned.ts';
import { task } from '../lib/task.ts';

export const storeCase: Case = {
  name: 'store',
  title: 'durable records a second of the embedded store alone',
  async run(bench) {
    const rows: Row[] = [];
    for (const writers of [64, 1_000])
      rows.push(...(await measure(bench, writers, 'any')), ...(await measure(bench, writers, SERVER_CORE)));
    return rows;
  },
};

async function measure({ rounds, seconds, scratch, note }: Bench, writers: number, core: Core): Promise<Row[]> {
  const where = core === 'any' ? 'two cores' : 'one core';
  note(`${writers} writers, ${where}`);
  let runs = 0;
  async function rate(file: string): Promise<number> {
    const dir = join(scratch, `store-${runs++}`);
    mkdirSync(dir);
    const printed = await task(core, file, writers, seconds, dir);
    rmSync(dir, { recursive: true });
    return Number(printed);
  }
  const taken = await alternate(
    rounds,
    async () => await rate('floors/append.ts'),
    async () => await rate('parts/embedded.ts'),
  );
  const what = `store alone, ${writers} writers, ${where}`;
  return compare(taken, { what, unit: 'rows/s', of: (value) => value, target: { atLeast: 0.55 } });
}
