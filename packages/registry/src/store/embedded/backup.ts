/**
 * A consistent copy of a store in use: a reader of its own, in a thread of its own, so commits go on meanwhile. The copy
 * appears under its name when it is complete and flushed, or not at all.
 *
 * Bound: while it reads, the store's log cannot be cut; the disk must hold the copy.
 */
import { once } from 'node:events';
import { linkSync, rmSync } from 'node:fs';
import { StoreError } from '@rollcall/core';
import { startWorker } from '../../worker.ts';
import { syncFile, syncParent } from './files.ts';

/** Rejects with `StoreError` `unavailable`; nothing is left behind then. */
export async function backUp(database: string, file: string): Promise<void> {
  const part = `${file}.part-${process.pid}`;
  try {
    rmSync(part, { force: true });
    await copyInThread(database, part);
    syncFile(part);
    // Unlike a rename, a link never takes the place of a file that is there.
    linkSync(part, file);
    rmSync(part);
    syncParent(file);
  } catch (error) {
    rmSync(part, { force: true });
    throw new StoreError('unavailable', `no backup was made to ${file}: ${problem(error)}`, { cause: error });
  }
}

async function copyInThread(database: string, part: string): Promise<void> {
  const worker = startWorker(new URL('./backup.worker.ts', import.meta.url), { workerData: { database, part } });
  // An error inside arrives here as a rejection.
  await once(worker, 'exit');
}

function problem(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'EEXIST' ? 'the file exists; name another, or remove it first' : error.message;
}
