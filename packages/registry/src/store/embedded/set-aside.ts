/** Moves damaged rows of a file that is otherwise sound into the table `damaged`, byte by byte as they were found. */
import type { DatabaseSync } from 'node:sqlite';

/** Part of a transaction. Throws when a row is not where it was read. */
export function setAside(database: DatabaseSync, rows: readonly number[], intentKeys: readonly string[], nowMs: number): void {
  const foundAt = new Date(nowMs).toISOString();
  const copyRow = database.prepare(
    `INSERT INTO damaged SELECT NULL, ?, 'instance', row, CAST(content AS BLOB), standing, gone_at_ms FROM instances WHERE row = ?`,
  );
  const dropRow = database.prepare('DELETE FROM instances WHERE row = ?');
  for (const row of rows) {
    copyRow.run(foundAt, row);
    expectOne(dropRow.run(row).changes);
  }
  if (intentKeys.length === 0) return;
  // Their keys may be what is damaged: all but the sound ones go.
  const copyIntent = database.prepare(
    `INSERT INTO damaged SELECT NULL, ?, 'intent', key, CAST(content AS BLOB), NULL, NULL FROM intents WHERE key = ?`,
  );
  const dropIntent = database.prepare('DELETE FROM intents WHERE key = ?');
  for (const key of intentKeys) {
    copyIntent.run(foundAt, key);
    expectOne(dropIntent.run(key).changes);
  }
}

function expectOne(changes: number | bigint): void {
  if (Number(changes) !== 1) throw new MisplacedRow();
}

/** A row that was read cannot be found by its key: the structure is broken. */
export class MisplacedRow extends Error {
  override readonly name = 'MisplacedRow';
}
