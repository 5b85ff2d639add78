/**
 * Brings an older file to this version's schema, one step at a time, all in one transaction: a migration that fails leaves
 * the file as it was. A newer file is left alone.
 *
 * To add a version: raise `SCHEMA_VERSION`, change the schema, append the step that leads to it. A step that rewrites rows
 * computes a checksum anew only where the old one holds, so that damage is never sealed.
 */
import type { DatabaseSync } from 'node:sqlite';
import { crc32 } from 'node:zlib';
import { inTransaction, type Meta, metaWriter, SCHEMA_VERSION } from './database.ts';
import { stateCrc } from './checksums.ts';
import { StoreFailure } from './errors.ts';

/** The step at index n leads from version n to n + 1. */
const steps: readonly ((database: DatabaseSync) => void)[] = [rememberTheExpired];

/** Returns `meta` as it is afterwards. Throws `StoreFailure` for a version that is not known here. */
export function migrate(database: DatabaseSync, meta: Meta, file: string): Meta {
  if (meta.version === SCHEMA_VERSION) return meta;
  if (meta.version > SCHEMA_VERSION) {
    throw new StoreFailure(
      'not-opened',
      `${file} was written by a newer version (its schema is ${meta.version}, this one knows ${SCHEMA_VERSION}); start that version, or restore a backup of this one's`,
    );
  }
  return inTransaction(database, () => {
    for (const step of steps.slice(meta.version)) step(database);
    const migrated = { ...meta, version: SCHEMA_VERSION };
    metaWriter(database)(migrated);
    return migrated;
  });
}

/** 0 to 1: an expired instance may be kept in case its heartbeat comes. Until then the state's checksum covered row and standing. */
function rememberTheExpired(database: DatabaseSync): void {
  // A table of its own rather than a column at the end: rows dug out of broken pages are told apart by position.
  database.exec(`
    CREATE TABLE moved (
      row INTEGER PRIMARY KEY, content TEXT NOT NULL, content_crc INTEGER NOT NULL,
      standing INTEGER NOT NULL, gone_at_ms REAL NOT NULL, state_crc INTEGER NOT NULL
    ) STRICT;
    INSERT INTO moved SELECT row, content, content_crc, standing, 0, state_crc FROM instances ORDER BY row;
    DROP TABLE instances;
    ALTER TABLE moved RENAME TO instances;
  `);
  const read = database.prepare('SELECT row, standing, state_crc AS crc FROM instances WHERE row > ? ORDER BY row LIMIT 1000');
  const write = database.prepare('UPDATE instances SET state_crc = ? WHERE row = ?');
  for (let last = 0; ; ) {
    const rows = read.all(last);
    if (rows.length === 0) return;
    for (const { row, standing, crc } of rows) {
      last = Number(row);
      if (crc === crcBeforeExpired(last, Number(standing))) write.run(stateCrc(last, Number(standing), 0), last);
    }
  }
}

function crcBeforeExpired(row: number, standing: number): number {
  return crc32(`${row} ${standing}`);
}
