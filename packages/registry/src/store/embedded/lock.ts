/**
 * One process a directory. The lock is SQLite's exclusive lock on a file of its own, which holds nothing and is never
 * written: the kernel frees it when the process dies, however it dies, so no stale lock is ever left.
 *
 * It lives as long as the store, on the calling side, so that a worker that is replaced does not let go of it.
 * Bound: local file systems; those without locks are refused.
 */
import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { StoreOpenError } from '@rollcall/core';
import { openProblem, sqliteCode } from './errors.ts';
import { asPortError } from './port-errors.ts';
import type { StoreFiles } from './files.ts';

const BUSY = 5;
const NOT_A_DATABASE = 26;

/** Makes the directory if it is not there. Returns the way to let go. Throws `StoreOpenError`. */
export function takeLock({ dir, lock }: StoreFiles): () => void {
  let connection: DatabaseSync | undefined;
  try {
    makeDirectory(dir);
    connection = new DatabaseSync(lock, { timeout: 0 });
    connection.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    return connection.close.bind(connection);
  } catch (error) {
    connection?.close();
    const code = sqliteCode(error);
    if (code === BUSY) {
      throw new StoreOpenError(
        `the data directory ${dir} is in use by another process; stop that one, or give this one another directory (--data-dir)`,
        { cause: error },
      );
    }
    if (code === NOT_A_DATABASE) {
      throw new StoreOpenError(`${lock} is not a lock file; remove it when no registry runs on this directory`, { cause: error });
    }
    throw asPortError(openProblem(error, dir));
  }
}

/** Level by level: Node's own recursive way never ends on a file system that refuses new names, such as /proc. */
function makeDirectory(dir: string): void {
  if (existsSync(dir)) return;
  makeDirectory(dirname(resolve(dir)));
  mkdirSync(dir, { mode: 0o700 });
}
