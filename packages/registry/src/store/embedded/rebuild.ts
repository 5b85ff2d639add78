/**
 * Builds a new database from what can be read of a broken one, and puts it in its place. The broken one is kept under
 * another name, with its log.
 *
 * Rows that were handed out before the break was met are taken over first and as they were; whatever else is found follows.
 * Damaged rows that can still be told from noise go to the table `damaged`.
 * Bound: the disk must hold the file twice; memory does not grow with the rows, but for one number a row in the log.
 */
import type { DatabaseSync } from 'node:sqlite';
import { closeQuietly, createDatabase, inTransaction, type Meta, metaFrom, metaWriter, newHistory, SCHEMA_VERSION } from './database.ts';
import { contentCrc, intentCrc, stateCrc } from './checksums.ts';
import { dig, type FoundRow } from './dig.ts';
import { removeFresh, replaceDatabase, type StoreFiles } from './files.ts';
import { openPages } from './pages.ts';
import { type SoundRow, scanInstances, soundIntent, soundRow } from './scan.ts';

export interface RebuildOptions {
  readonly files: StoreFiles;
  /** Still open when rows were handed out of it already; closed by the rebuild. */
  readonly broken: DatabaseSync | undefined;
  /** Rows that were handed out, counted from the first. */
  readonly served: number;
  /** At least this far had the revisions and rows come. */
  readonly atLeast: { readonly revision: number; readonly lastRow: number };
  readonly nowMs: number;
}

export interface Rebuilt {
  readonly meta: Meta;
  /** What the broken file said of itself, where that was readable. */
  readonly found: Meta | undefined;
  readonly damaged: number;
  /** Rows that `meta` of the broken file counted and of which nothing was found; 0 when it was unreadable. */
  readonly missing: number;
  readonly keptAs: string | undefined;
  /** Rows of the new database that were not handed out yet have numbers that are not among these. */
  readonly served: ReadonlySet<number>;
}

export function rebuild({ files, broken, served, atLeast, nowMs }: RebuildOptions): Rebuilt {
  removeFresh(files);
  const fresh = createDatabase(files.fresh);
  try {
    const result = inTransaction(fresh, () => {
      const taking = takeRows(fresh, nowMs);
      const before = broken === undefined ? new Set<number>() : takeServed(broken, served, taking);
      closeQuietly(broken);
      const pages = openPages(files.database, files.wal);
      try {
        for (const row of dig(pages)) taking.found(row);
      } finally {
        pages.close();
      }
      return { ...taking.finish(atLeast), served: before };
    });
    fresh.close();
    return { ...result, keptAs: replaceDatabase(files, 'damaged', nowMs) };
  } catch (error) {
    closeQuietly(broken);
    closeQuietly(fresh);
    removeFresh(files);
    throw error;
  }
}

/** The same scan over the same file meets the same rows. */
function takeServed(broken: DatabaseSync, count: number, taking: Taking): Set<number> {
  const served = new Set<number>();
  if (count === 0) return served;
  for (const row of scanInstances(broken)) {
    taking.instance(row);
    served.add(row.row);
    if (served.size === count) break;
  }
  return served;
}

interface Taking {
  instance(row: SoundRow): void;
  found(row: FoundRow): void;
  /** Writes `meta`. */
  finish(atLeast: RebuildOptions['atLeast']): Pick<Rebuilt, 'meta' | 'found' | 'damaged' | 'missing'>;
}

function takeRows(fresh: DatabaseSync, nowMs: number): Taking {
  const addInstance = fresh.prepare('INSERT OR IGNORE INTO instances VALUES (?, ?, ?, ?, ?, ?)');
  const addIntent = fresh.prepare('INSERT OR IGNORE INTO intents VALUES (?, ?, ?)');
  const addDamaged = fresh.prepare('INSERT INTO damaged VALUES (NULL, ?, ?, ?, ?, ?, ?)');
  const foundAt = new Date(nowMs).toISOString();
  let known: Meta | undefined;
  let damaged = 0;

  function instance({ row, content, standing, goneAtMs }: SoundRow): void {
    addInstance.run(row, content, contentCrc(row, content), standing, goneAtMs, stateCrc(row, standing, goneAtMs));
  }

  function setAside(kind: string, key: unknown, content: unknown, standing: unknown, goneAtMs: unknown): void {
    addDamaged.run(foundAt, kind, String(key), asBytes(content), asValue(standing), asValue(goneAtMs));
    damaged += 1;
  }

  return {
    instance,
    found({ rowid, columns }) {
      // By its number of columns: each table has another.
      switch (columns.length) {
        case 6: {
          const row = soundRow([rowid, ...columns.slice(1)]);
          if (row !== undefined) instance(row);
          else setAside('instance', rowid, columns[1], columns[3], columns[4]);
          return;
        }
        case 3: {
          const intent = soundIntent(columns);
          if (intent !== undefined) addIntent.run(intent.key, intent.content, intentCrc(intent.key, intent.content));
          else setAside('intent', columns[0], columns[1], null, null);
          return;
        }
        case 7:
          addDamaged.run(
            String(columns[1]),
            String(columns[2]),
            String(columns[3]),
            asBytes(columns[4]),
            asValue(columns[5]),
            asValue(columns[6]),
          );
          return;
        case 8: {
          const meta = metaFrom(columns.slice(1));
          if (meta !== undefined && meta.revision >= (known?.revision ?? 0)) known = meta;
        }
      }
    },
    finish(atLeast) {
      const instances = count(fresh, 'SELECT count(*) FROM instances');
      const intents = count(fresh, 'SELECT count(*) FROM intents');
      const meta: Meta = {
        version: SCHEMA_VERSION,
        history: newHistory(),
        // A record's own revision is at its end; those of deletes are gone with `meta`, and the history is another anyway.
        revision: Math.max(known?.revision ?? 0, atLeast.revision, count(fresh, "SELECT max(content ->> '$.revision') FROM instances")),
        instances,
        intents,
        lastRow: Math.max(known?.lastRow ?? 0, atLeast.lastRow, count(fresh, 'SELECT max(row) FROM instances')),
      };
      metaWriter(fresh)(meta);
      return { meta, found: known, damaged, missing: Math.max((known?.instances ?? 0) - instances - damaged, 0) };
    },
  };
}

function count(database: DatabaseSync, sql: string): number {
  return Number(Object.values(database.prepare(sql).get() ?? {})[0] ?? 0);
}

function asBytes(value: unknown): Uint8Array | null {
  if (value instanceof Uint8Array) return value;
  return typeof value === 'string' || typeof value === 'number' ? Buffer.from(String(value)) : null;
}

function asValue(value: unknown): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}
