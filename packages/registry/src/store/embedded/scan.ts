/**
 * Reads a database's rows in order and judges each by its checksums. Sound rows are handed out, damaged ones are noted, and
 * where the file's structure is broken the scan says so and ends.
 *
 * Bound: one row in memory; of the damaged ones, their numbers.
 */
import type { DatabaseSync } from 'node:sqlite';
import { contentCrc, intentCrc, stateCrc } from './checksums.ts';
import { isDamage } from './errors.ts';

export interface SoundRow {
  readonly row: number;
  readonly content: string;
  readonly standing: number;
  readonly goneAtMs: number;
}

export interface Scanned {
  /** Sound rows handed out. */
  readonly sound: number;
  /** Numbers of damaged rows. */
  readonly damaged: readonly number[];
  /** The file's structure is broken; there may be more rows. */
  readonly broken: boolean;
}

/** The columns of `instances`, in the order of its schema. */
export type RowColumns = readonly unknown[];

/** The row as it was written, or undefined. */
export function soundRow([row, content, crc, standing, goneAtMs, crcBeside]: RowColumns): SoundRow | undefined {
  if (typeof row !== 'number' || typeof content !== 'string' || typeof standing !== 'number' || typeof goneAtMs !== 'number')
    return undefined;
  if (contentCrc(row, content) !== crc || stateCrc(row, standing, goneAtMs) !== crcBeside) return undefined;
  return { row, content, standing, goneAtMs };
}

/** Yields sound rows in strictly growing order; returns what was found. Throws for a disk that cannot be read. */
export function* scanInstances(database: DatabaseSync): Generator<SoundRow, Scanned> {
  const damaged: number[] = [];
  let sound = 0;
  let last = 0;
  try {
    const statement = database.prepare('SELECT row, content, content_crc, standing, gone_at_ms, state_crc FROM instances ORDER BY row');
    statement.setReturnArrays(true);
    for (const columns of statement.iterate()) {
      const found = inOrder(columns);
      const row = Number(found[0]);
      if (!(row > last)) return { sound, damaged, broken: true };
      last = row;
      const whole = soundRow(found);
      if (whole === undefined) {
        damaged.push(row);
      } else {
        sound += 1;
        yield whole;
      }
    }
    return { sound, damaged, broken: false };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { sound, damaged, broken: true };
  }
}

export interface StoredIntents {
  /** Each as JSON. */
  readonly contents: readonly string[];
  readonly damaged: readonly string[];
  readonly broken: boolean;
}

export function soundIntent([key, content, crc]: readonly unknown[]): { readonly key: string; readonly content: string } | undefined {
  if (typeof key !== 'string' || typeof content !== 'string' || intentCrc(key, content) !== crc) return undefined;
  return { key, content };
}

export function scanIntents(database: DatabaseSync): StoredIntents {
  const contents: string[] = [];
  const damaged: string[] = [];
  try {
    const statement = database.prepare('SELECT key, content, crc FROM intents ORDER BY rowid');
    statement.setReturnArrays(true);
    for (const columns of statement.iterate()) {
      const found = inOrder(columns);
      const whole = soundIntent(found);
      if (whole === undefined) damaged.push(String(found[0]));
      else contents.push(whole.content);
    }
    return { contents, damaged, broken: false };
  } catch (error) {
    if (!isDamage(error)) throw error;
    return { contents, damaged, broken: true };
  }
}

/** A statement set to return arrays does, though its type does not say so. */
function inOrder(columns: unknown): readonly unknown[] {
  return Array.isArray(columns) ? columns : [];
}

/** SQLite's own check of the structure; reads every page. */
export function isStructureSound(database: DatabaseSync): boolean {
  return passes(database, 'PRAGMA integrity_check(1)');
}

/** The same of what a scan of the rows does not touch: free pages, and the small tables with their indexes. */
export function isRestSound(database: DatabaseSync): boolean {
  return ['sqlite_schema', 'meta', 'intents', 'damaged'].every((part) => passes(database, `PRAGMA integrity_check(${part})`));
}

function passes(database: DatabaseSync, check: string): boolean {
  try {
    const [result] = Object.values(database.prepare(check).get() ?? {});
    return result === 'ok';
  } catch (error) {
    if (!isDamage(error)) throw error;
    return false;
  }
}
