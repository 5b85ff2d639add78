/**
 * Makes batches durable: one transaction each, `meta` changed with it.
 *
 * A batch arrives in parts, so that the next part is encoded while this one is written. After a part that failed the rest
 * of its batch is passed over, and its commit reports the failure.
 * Bound: a row costs about 3 µs, a commit one flush of the log.
 */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { contentCrc, intentCrc, stateCrc } from './checksums.ts';
import { type Meta, metaWriter, PAGE_BYTES, rollbackQuietly } from './database.ts';
import { DELETE, type EncodedChanges, INTENT, NUMBERS_A_CHANGE, PUT, STANDING } from './messages.ts';

export interface Writer {
  /** As of the last commit. */
  readonly meta: Meta;
  add(changes: EncodedChanges): void;
  /** Throws `CommitFailure`; the batch is then rolled back as well as can be. */
  commit(revision: number): void;
  /** Pages written since it was last asked, estimated. */
  takePagesWritten(): number;
}

export class CommitFailure extends Error {
  override readonly name = 'CommitFailure';
  /** Whether the last step had begun, after which the batch may be durable. */
  readonly committing: boolean;

  constructor(cause: unknown, committing: boolean) {
    super('the batch was not stored', { cause });
    this.committing = committing;
  }
}

export function createWriter(database: DatabaseSync, opened: Meta): Writer {
  const begin = database.prepare('BEGIN IMMEDIATE');
  const end = database.prepare('COMMIT');
  const writeMeta = metaWriter(database);
  const rows = rowStatements(database);
  let meta = opened;
  let next = opened;
  let failure: CommitFailure | undefined;
  let inBatch = false;
  let pagesWritten = 0;

  function attempt(step: () => void, committing: boolean): void {
    if (failure !== undefined) return;
    try {
      step();
    } catch (error) {
      failure = new CommitFailure(error, committing);
      rollbackQuietly(database);
    }
  }

  function enter(): void {
    if (inBatch) return;
    inBatch = true;
    next = meta;
    attempt(() => begin.run(), false);
  }

  return {
    get meta() {
      return meta;
    },
    add(changes) {
      enter();
      attempt(() => {
        const before = next;
        next = rows.write(changes, before);
        pagesWritten += estimatePages(changes, next.lastRow - before.lastRow);
      }, false);
    },
    commit(revision) {
      enter();
      next = { ...next, revision };
      attempt(() => writeMeta(next), false);
      attempt(() => end.run(), true);
      inBatch = false;
      const failed = failure;
      failure = undefined;
      if (failed !== undefined) throw failed;
      meta = next;
      // `meta` and the page that the last batch had begun.
      pagesWritten += 2;
    },
    takePagesWritten() {
      const pages = pagesWritten;
      pagesWritten = 0;
      return pages;
    },
  };
}

/** New rows fill pages one after another; a change of an older row may lie on any. */
function estimatePages({ numbers, texts }: EncodedChanges, newRows: number): number {
  const chars = texts.reduce((sum, text) => sum + text.length, 0);
  return chars / PAGE_BYTES + Math.max(numbers.length / NUMBERS_A_CHANGE - newRows, 0);
}

interface RowStatements {
  /** Returns `meta` with the counts that the changes lead to. */
  write(changes: EncodedChanges, before: Meta): Meta;
}

function rowStatements(database: DatabaseSync): RowStatements {
  const insert = database.prepare('INSERT INTO instances VALUES (?, ?, ?, ?, ?, ?)');
  const replace = database.prepare(
    'UPDATE instances SET content = ?, content_crc = ?, standing = ?, gone_at_ms = ?, state_crc = ? WHERE row = ?',
  );
  const restate = database.prepare('UPDATE instances SET standing = ?, gone_at_ms = ?, state_crc = ? WHERE row = ?');
  const remove = database.prepare('DELETE FROM instances WHERE row = ?');
  const dropIntent = database.prepare('DELETE FROM intents WHERE key = ?');
  const addIntent = database.prepare('INSERT INTO intents VALUES (?, ?, ?)');

  return {
    write({ numbers, texts }, before) {
      let { instances, intents, lastRow } = before;
      let text = 0;
      for (let at = 0; at < numbers.length; at += NUMBERS_A_CHANGE) {
        const row = numbers[at + 1] ?? 0;
        const standing = numbers[at + 2] ?? 0;
        const goneAtMs = numbers[at + 3] ?? 0;
        switch (numbers[at]) {
          case PUT: {
            const content = texts[text] ?? '';
            text += 1;
            const crc = contentCrc(row, content);
            const crcBeside = stateCrc(row, standing, goneAtMs);
            // A row beyond the last cannot be there, so it is not looked for.
            if (row <= lastRow && touched(replace, content, crc, standing, goneAtMs, crcBeside, row) > 0) break;
            insert.run(row, content, crc, standing, goneAtMs, crcBeside);
            instances += 1;
            lastRow = Math.max(lastRow, row);
            break;
          }
          case STANDING:
            restate.run(standing, goneAtMs, stateCrc(row, standing, goneAtMs), row);
            break;
          case DELETE:
            instances -= touched(remove, row);
            break;
          case INTENT: {
            const key = texts[text] ?? '';
            const content = texts[text + 1] ?? '';
            text += 2;
            intents -= touched(dropIntent, key);
            if (content === '') break;
            addIntent.run(key, content, intentCrc(key, content));
            intents += 1;
            break;
          }
          default:
            throw new Error('a change of no known kind');
        }
      }
      return { ...before, instances, intents, lastRow };
    },
  };
}

function touched(statement: StatementSync, ...values: (string | number)[]): number {
  return Number(statement.run(...values).changes);
}
