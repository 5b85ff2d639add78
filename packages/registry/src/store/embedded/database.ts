/**
 * The database file: its schema, its settings, and `meta`, the one row that every transaction changes.
 *
 * `meta` keeps its columns and its checksum in every version of the schema, so that any version can tell a newer file from
 * a damaged one. It counts the rows: a page that was lost takes rows with it without a trace of its own.
 * Bound: the page cache is SQLite's default of 2 MB; nothing is kept for each row.
 */
import { randomUUID } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { metaCrc } from './checksums.ts';

export const SCHEMA_VERSION = 1;
/** Twice SQLite's own: large batches commit half as fast again, small ones as before. */
export const PAGE_BYTES = 8_192;
/** How long a lock of another program is waited for, in ms. */
const LOCK_WAIT_MS = 2_000;
/** What the log is cut back to after it had to grow. */
const LOG_KEPT_BYTES = 64 * 1_048_576;

const SCHEMA = `
  CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL, history TEXT NOT NULL, revision INTEGER NOT NULL,
    instances INTEGER NOT NULL, intents INTEGER NOT NULL, last_row INTEGER NOT NULL, crc INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE instances (
    row INTEGER PRIMARY KEY, content TEXT NOT NULL, content_crc INTEGER NOT NULL,
    standing INTEGER NOT NULL, gone_at_ms REAL NOT NULL, state_crc INTEGER NOT NULL
  ) STRICT;
  CREATE TABLE intents (key TEXT PRIMARY KEY, content TEXT NOT NULL, crc INTEGER NOT NULL) STRICT;
  CREATE TABLE damaged (
    id INTEGER PRIMARY KEY, found_at TEXT NOT NULL, kind TEXT NOT NULL, key TEXT, content BLOB, standing ANY, gone_at_ms ANY
  ) STRICT;
`;

export interface Meta {
  readonly version: number;
  readonly history: string;
  readonly revision: number;
  /** Rows of `instances`. */
  readonly instances: number;
  /** Rows of `intents`. */
  readonly intents: number;
  readonly lastRow: number;
}

/** Opens a file that is there, for reading and writing. Throws what SQLite throws. */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: LOCK_WAIT_MS });
  try {
    // Freed pages are blanked, so that what is dug out of a broken file is never a row that had been deleted.
    database.exec(`
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA secure_delete = ON;
      PRAGMA wal_autocheckpoint = 0;
      PRAGMA journal_size_limit = ${LOG_KEPT_BYTES};
    `);
    return database;
  } catch (error) {
    closeQuietly(database);
    throw error;
  }
}

/** A new file with the schema and no rows; `meta` is still to be written. */
export function createDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file);
  try {
    // Durable only once it is closed, flushed and renamed.
    database.exec(`PRAGMA page_size = ${PAGE_BYTES}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; ${SCHEMA}`);
    return database;
  } catch (error) {
    closeQuietly(database);
    throw error;
  }
}

/** A name for a new line of revisions. */
export function newHistory(): string {
  return randomUUID();
}

/** Undefined when the row is not there or not what was written. */
export function readMeta(database: DatabaseSync): Meta | undefined {
  const statement = database.prepare('SELECT version, history, revision, instances, intents, last_row, crc FROM meta WHERE id = 1');
  statement.setReturnArrays(true);
  return metaFrom(Object.values(statement.get() ?? {}));
}

export function metaFrom([version, history, revision, instances, intents, lastRow, crc]: readonly unknown[]): Meta | undefined {
  if (typeof version !== 'number' || typeof history !== 'string' || typeof revision !== 'number') return undefined;
  if (typeof instances !== 'number' || typeof intents !== 'number' || typeof lastRow !== 'number') return undefined;
  const meta: Meta = { version, history, revision, instances, intents, lastRow };
  return metaCrc(metaFields(meta)) === crc ? meta : undefined;
}

/** Returns what writes `meta`; prepared once, for it is part of every transaction. */
export function metaWriter(database: DatabaseSync): (meta: Meta) => void {
  const statement = database.prepare('INSERT OR REPLACE INTO meta VALUES (1, ?, ?, ?, ?, ?, ?, ?)');
  return (meta) => {
    const fields = metaFields(meta);
    statement.run(...fields, metaCrc(fields));
  };
}

function metaFields({ version, history, revision, instances, intents, lastRow }: Meta): (string | number)[] {
  return [version, history, revision, instances, intents, lastRow];
}

/** Runs `work` in one transaction; what it throws is thrown, and nothing has happened. */
export function inTransaction<T>(database: DatabaseSync, work: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    rollbackQuietly(database);
    throw error;
  }
}

/** For when something has failed already, and that is what will be reported. */
export function rollbackQuietly(database: DatabaseSync): void {
  try {
    if (database.isTransaction) database.exec('ROLLBACK');
  } catch {}
}

export function closeQuietly(database: DatabaseSync | undefined): void {
  try {
    database?.close();
  } catch {}
}
