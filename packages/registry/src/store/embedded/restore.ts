/**
 * Puts a backup in the place of a store's database, while nothing runs on the directory.
 *
 * The backup is copied, read whole and checked by every checksum before anything is touched; then it takes the database's
 * place in one rename, under a new history. What was there is kept beside it under another name.
 * Bound: the disk must hold the copy.
 */
import { chmodSync, copyFileSync, existsSync, rmSync } from 'node:fs';
import { StoreOpenError } from '@rollcall/core';
import { closeQuietly, metaWriter, newHistory, openDatabase, readMeta } from './database.ts';
import { isDamage, openProblem } from './errors.ts';
import { removeFresh, replaceDatabase, type StoreFiles, storeFiles } from './files.ts';
import { takeLock } from './lock.ts';
import { migrate } from './migrations.ts';
import { openSound } from './open.ts';
import { asPortError } from './port-errors.ts';
import { isStructureSound, scanInstances, scanIntents } from './scan.ts';

export interface RestoreOptions {
  /** The store's directory; made if it is not there. */
  readonly dir: string;
  /** What `backup` wrote. It is only read. */
  readonly file: string;
}

export interface Restored {
  readonly instances: number;
  readonly intents: number;
  /** The name under which the former database is kept, if there was one. */
  readonly keptAs: string | undefined;
}

/** Rejects with `StoreOpenError`, and the directory is as it was: in use, no such backup, a damaged one, no space. */
export async function restoreInto({ dir, file }: RestoreOptions): Promise<Restored> {
  const files = storeFiles(dir);
  const unlock = takeLock(files);
  try {
    removeFresh(files);
    const restored = prepare(files, file);
    settleFormer(files);
    // What it says of the former database says nothing of this one.
    rmSync(files.witness, { force: true });
    return { ...restored, keptAs: replaceDatabase(files, 'replaced', Date.now()) };
  } catch (error) {
    removeFresh(files);
    throw error instanceof StoreOpenError ? error : asPortError(openProblem(error, dir));
  } finally {
    unlock();
  }
}

/** Makes `files.fresh` of the backup: checked, in this version's schema, in a history of its own. */
function prepare(files: StoreFiles, file: string): { readonly instances: number; readonly intents: number } {
  if (!existsSync(file)) throw new StoreOpenError(`there is no backup ${file}; name a file that \`rollcall backup\` wrote`);
  copyFileSync(file, files.fresh);
  // A backup may be kept read-only.
  chmodSync(files.fresh, 0o600);
  // A database copied by hand has its last changes in its log.
  if (existsSync(`${file}-wal`)) copyFileSync(`${file}-wal`, `${files.fresh}-wal`);
  let database: ReturnType<typeof openDatabase> | undefined;
  try {
    database = openDatabase(files.fresh);
    const read = readMeta(database);
    if (read === undefined) throw damaged(file, 'its own record is not what was written');
    const meta = migrate(database, read, file);
    const rows = scanInstances(database);
    let step = rows.next();
    while (step.done !== true) step = rows.next();
    const intents = scanIntents(database);
    const wrong = step.value.damaged.length + intents.damaged.length;
    if (wrong > 0) throw damaged(file, `${wrong} of its rows are not what was written`);
    if (step.value.broken || intents.broken || !isStructureSound(database)) throw damaged(file, 'its structure is broken');
    if (step.value.sound !== meta.instances || intents.contents.length !== meta.intents) throw damaged(file, 'rows are missing');
    metaWriter(database)({ ...meta, history: newHistory() });
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    database.close();
    return { instances: meta.instances, intents: meta.intents };
  } catch (error) {
    closeQuietly(database);
    if (isDamage(error)) throw damaged(file, 'it is not a database of this program');
    throw error;
  }
}

/** Brings the former database's log into it, so that what is kept is one whole file. A broken one is kept with its log as it is. */
function settleFormer(files: StoreFiles): void {
  if (!existsSync(files.database)) return;
  openSound(files)?.database.close();
}

function damaged(file: string, what: string): StoreOpenError {
  return new StoreOpenError(`${file} cannot be restored: ${what}; restore another backup`);
}
