/**
 * Keeps SQLite's log short: copies it into the database each time about `LOG_PAGES` were written, after the commit that
 * wrote them has been answered.
 *
 * Bound: the log stays near 32 MB, and under writes to scattered rows below 64 MB. While another program reads from the
 * file the log cannot be cut and grows with what is written; past `ANNOUNCE_BYTES` that is announced, once for each time.
 */
import type { DatabaseSync } from 'node:sqlite';
import { PAGE_BYTES } from './database.ts';

const LOG_PAGES = 4_096;
const ANNOUNCE_BYTES = 256 * 1_048_576;

export interface LogKeeper {
  /** Called after each commit with an estimate of the pages that it wrote. */
  wrote(pages: number): void;
}

export function createLogKeeper(database: DatabaseSync, announce: (text: string) => void): LogKeeper {
  const checkpoint = database.prepare('PRAGMA wal_checkpoint(PASSIVE)');
  checkpoint.setReturnArrays(true);
  let waiting = 0;
  let announced = false;

  function keep(): void {
    let columns: unknown;
    try {
      columns = checkpoint.get();
    } catch (error) {
      // The log holds everything; a disk that fails now fails the next commit, which reports it.
      if (!announced) announce(`the log could not be copied into the database: ${error instanceof Error ? error.message : String(error)}`);
      announced = true;
      return;
    }
    const [, inLog, copied] = Array.isArray(columns) ? columns.map(Number) : [];
    if (inLog === undefined || inLog === copied) {
      announced = false;
      return;
    }
    const bytes = inLog * PAGE_BYTES;
    if (bytes < ANNOUNCE_BYTES || announced) return;
    announced = true;
    announce(
      `another program keeps reading the store, so its log cannot be cut and has grown to ${Math.round(bytes / 1_048_576)} MB; close that program`,
    );
  }

  return {
    wrote(pages) {
      waiting += pages;
      if (waiting < LOG_PAGES) return;
      waiting = 0;
      keep();
    },
  };
}
