/**
 * The files of a store's directory, and the moves that must survive a loss of power: a rename counts only when the
 * directory itself has been flushed.
 */
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

export interface StoreFiles {
  readonly dir: string;
  readonly database: string;
  /** SQLite's write-ahead log beside the database. */
  readonly wal: string;
  /** A database being built; complete only once it has been renamed. */
  readonly fresh: string;
  readonly lock: string;
  /** See `witness.ts`. */
  readonly witness: string;
}

export function storeFiles(dir: string): StoreFiles {
  const database = join(dir, 'rollcall.db');
  return {
    dir,
    database,
    wal: `${database}-wal`,
    fresh: join(dir, 'rollcall.db.new'),
    lock: join(dir, 'lock.db'),
    witness: join(dir, 'acknowledged'),
  };
}

/** Puts the finished file `files.fresh` in the database's place. What was there, log included, is kept under the name returned. */
export function replaceDatabase(files: StoreFiles, why: 'damaged' | 'replaced', nowMs: number): string | undefined {
  const { database, wal, fresh, dir } = files;
  syncFile(fresh);
  let keptAs: string | undefined;
  if (existsSync(database) || existsSync(wal)) {
    keptAs = `${database}.${why}-${new Date(nowMs).toISOString().replaceAll(':', '-')}`;
    if (existsSync(database)) linkSync(database, keptAs);
    // The log must never be read as part of the new file.
    if (existsSync(wal)) renameSync(wal, `${keptAs}-wal`);
    rmSync(`${database}-shm`, { force: true });
    syncDirectory(dir);
  }
  renameSync(fresh, database);
  syncDirectory(dir);
  return keptAs;
}

/** What an interrupted build left. */
export function removeFresh({ fresh }: StoreFiles): void {
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(fresh + suffix, { force: true });
}

export function syncFile(file: string): void {
  const descriptor = openSync(file, 'r+');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function syncDirectory(dir: string): void {
  const descriptor = openSync(dir, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function syncParent(file: string): void {
  syncDirectory(dirname(file));
}
