/**
 * Opens a store's database: reads every row, judges it, repairs what is broken, and says what an operator must know.
 *
 * A row is handed out as it was written or not at all. Whatever was lost, the history is another afterwards: a watcher of
 * the old one cannot be told what is missing, so it must start afresh.
 */
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import {
  closeQuietly,
  createDatabase,
  inTransaction,
  type Meta,
  metaWriter,
  newHistory,
  openDatabase,
  readMeta,
  SCHEMA_VERSION,
} from './database.ts';
import { isDamage } from './errors.ts';
import { removeFresh, replaceDatabase, type StoreFiles } from './files.ts';
import type { EncodedImage } from './messages.ts';
import { migrate } from './migrations.ts';
import { type RebuildOptions, type Rebuilt, rebuild } from './rebuild.ts';
import { isRestSound, isStructureSound, type Scanned, type SoundRow, type StoredIntents, scanInstances, scanIntents } from './scan.ts';
import { MisplacedRow, setAside } from './set-aside.ts';
import { type Acknowledged, readWitness } from './witness.ts';

export interface Opened {
  readonly database: DatabaseSync;
  readonly meta: Meta;
  readonly image: EncodedImage;
}

/** Takes one row; a promise when the reader must wait for the one who takes them. */
export type Sink = (row: SoundRow) => Promise<void> | undefined;

/** Throws what SQLite and the file system throw, and `StoreFailure` for a newer file. */
export async function openStore(files: StoreFiles, sink: Sink, nowMs: number): Promise<Opened> {
  removeFresh(files);
  const notices: string[] = [];
  const seen = readWitness(files.witness);
  if (seen === 'unreadable') notices.push(`${files.witness} is damaged: whether the store has lost its end cannot be told this time`);
  const last = typeof seen === 'object' ? seen : undefined;
  if (!existsSync(files.database) && !existsSync(files.wal)) {
    if (seen !== 'none')
      notices.push(`${files.database} is missing, though there has been one; started empty (restore a backup to get it back)`);
    createEmpty(files, nowMs);
  }
  const mend = createMending(files, last, notices, nowMs);
  const first = openSound(files) ?? mend(undefined, 0);
  let { database, meta } = first;
  /** What the file said of itself before anything was mended. */
  let { found, damaged } = first;
  try {
    meta = migrate(database, meta, files.database);
    const scanned = await deliver(database, sink);
    let intents = scanIntents(database);
    damaged += scanned.damaged.length + intents.damaged.length;
    const judged = judge(database, meta, scanned, intents, nowMs, notices);
    if (judged === 'broken') {
      const mended = mend(database, scanned.sound);
      ({ database, meta, damaged } = mended);
      found = mended.found ?? found;
      await deliver(database, (row) => (mended.served.has(row.row) ? undefined : sink(row)));
      intents = scanIntents(database);
    } else {
      meta = judged;
    }
    meta = compareWithWitness(database, meta, found, last, files, notices);
    // So that the old history is not what a log that is lost later leaves behind.
    if (meta.history !== found?.history) database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const { history, revision, lastRow } = meta;
    return { database, meta, image: { history, revision, lastRow, intents: intents.contents, damaged, notices } };
  } catch (error) {
    closeQuietly(database);
    throw error;
  }
}

type Sound = Pick<Rebuilt, 'meta' | 'found' | 'damaged'> & { readonly database: DatabaseSync };

/** The database with its `meta`; undefined when SQLite refuses the file or `meta` is not what was written. */
export function openSound(files: StoreFiles): Sound | undefined {
  let database: DatabaseSync | undefined;
  try {
    if (!existsSync(files.database)) return undefined;
    database = openDatabase(files.database);
    const meta = readMeta(database);
    if (meta !== undefined) return { database, meta, found: meta, damaged: 0 };
    closeQuietly(database);
    return undefined;
  } catch (error) {
    closeQuietly(database);
    if (!isDamage(error)) throw error;
    return undefined;
  }
}

type Mend = (broken: DatabaseSync | undefined, served: number) => Rebuilt & { readonly database: DatabaseSync };

function createMending(files: StoreFiles, last: Acknowledged | undefined, notices: string[], nowMs: number): Mend {
  return (broken, served) => {
    const mended = rebuildAndOpen({ files, broken, served, atLeast: last ?? { revision: 0, lastRow: 0 }, nowMs });
    notices.push(rebuiltNotice(files, mended));
    return mended;
  };
}

export function rebuildAndOpen(options: RebuildOptions): Rebuilt & { readonly database: DatabaseSync } {
  const rebuilt = rebuild(options);
  return { ...rebuilt, database: openDatabase(options.files.database) };
}

export function rebuiltNotice({ database }: StoreFiles, { meta, damaged, missing, keptAs }: Rebuilt): string {
  const lost = missing > 0 ? `, ${missing} more are lost` : '';
  return `${database} was broken: ${meta.instances} registrations were recovered, ${damaged} damaged rows set aside${lost}; the broken file is kept as ${keptAs ?? 'nothing'}`;
}

async function deliver(database: DatabaseSync, sink: Sink): Promise<Scanned> {
  const rows = scanInstances(database);
  for (;;) {
    const step = rows.next();
    if (step.done === true) return step.value;
    const wait = sink(step.value);
    if (wait !== undefined) await wait;
  }
}

/** `meta` as it is when the damaged rows are out of the way, or `broken` when the file cannot be trusted any further. */
function judge(
  database: DatabaseSync,
  meta: Meta,
  rows: Scanned,
  intents: StoredIntents,
  nowMs: number,
  notices: string[],
): Meta | 'broken' {
  if (rows.broken || intents.broken || !isRestSound(database)) return 'broken';
  const damaged = rows.damaged.length + intents.damaged.length;
  const missing = meta.instances - rows.sound - rows.damaged.length;
  const missingIntents = meta.intents - intents.contents.length - intents.damaged.length;
  if (damaged === 0 && missing === 0 && missingIntents === 0) return meta;
  if (!isStructureSound(database)) return 'broken';

  const after: Meta = { ...meta, history: newHistory(), instances: rows.sound, intents: intents.contents.length };
  try {
    inTransaction(database, () => {
      setAside(database, rows.damaged, intents.damaged, nowMs);
      metaWriter(database)(after);
    });
  } catch (error) {
    if (!isDamage(error) && !(error instanceof MisplacedRow)) throw error;
    return 'broken';
  }
  if (damaged > 0) notices.push(`${damaged} damaged rows were set aside in the table "damaged" and are not served`);
  if (missing !== 0 || missingIntents !== 0) {
    notices.push(
      `the store counts ${meta.instances} registrations and ${meta.intents} intents, but ${missing} and ${missingIntents} of them are not there`,
    );
  }
  return after;
}

/** A sound database may still be an older one, when the end of its log was cut off or damaged. */
function compareWithWitness(
  database: DatabaseSync,
  meta: Meta,
  found: Meta | undefined,
  last: Acknowledged | undefined,
  files: StoreFiles,
  notices: string[],
): Meta {
  if (last === undefined || found === undefined) return meta;
  if (last.history !== found.history) {
    notices.push(`${files.database} is not the one that was last used here: it has been exchanged, or its end was lost`);
    return meta;
  }
  if (last.revision <= found.revision) return meta;
  notices.push(`${files.database} ends at revision ${found.revision}, but ${last.revision} had been acknowledged: its end was lost`);
  const after: Meta = {
    ...meta,
    history: meta.history === found.history ? newHistory() : meta.history,
    revision: Math.max(meta.revision, last.revision),
    lastRow: Math.max(meta.lastRow, last.lastRow),
  };
  inTransaction(database, () => metaWriter(database)(after));
  return after;
}

function createEmpty(files: StoreFiles, nowMs: number): void {
  const fresh = createDatabase(files.fresh);
  try {
    metaWriter(fresh)({ version: SCHEMA_VERSION, history: newHistory(), revision: 0, instances: 0, intents: 0, lastRow: 0 });
  } finally {
    fresh.close();
  }
  replaceDatabase(files, 'replaced', nowMs);
}
