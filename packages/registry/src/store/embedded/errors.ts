/**
 * What SQLite and the file system report, in the store's own three kinds: damage that is repaired, an opening that a
 * person must help, a commit that failed.
 *
 * The worker loads nothing of the core, so that it starts fast; `port-errors.ts` turns its failures into the port's.
 */
export type Outcome = 'not-opened' | 'unavailable' | 'outcome-unknown';

/** A failure as it crosses from the worker. The message is for people: it names the thing and the remedy. */
export class StoreFailure extends Error {
  override readonly name = 'StoreFailure';
  readonly outcome: Outcome;

  constructor(outcome: Outcome, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.outcome = outcome;
  }
}

const PERMISSION = 3;
const BUSY = 5;
const LOCKED = 6;
const READ_ONLY = 8;
const CORRUPT = 11;
const FULL = 13;
const CANNOT_OPEN = 14;
const NOT_A_DATABASE = 26;
/** Extended codes: the file ends before the page that was asked for; the file system knows that it is broken. */
const SHORT_READ = 522;
const CORRUPT_FILE_SYSTEM = 8_458;

/** A commit that failed with one of these was never written whole: its last page is what makes it valid. */
const NOTHING_HAPPENED: ReadonlySet<number> = new Set([PERMISSION, BUSY, LOCKED, READ_ONLY, FULL, CANNOT_OPEN]);

/** SQLite's primary result code; undefined for an error that is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  const code = extendedCode(error);
  return code === undefined ? undefined : code & 0xff;
}

function extendedCode(error: unknown): number | undefined {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode : undefined;
}

/** Whether the file's structure is broken, as opposed to a disk or a right that is missing. */
export function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  if (code === CORRUPT || code === NOT_A_DATABASE) return true;
  const extended = extendedCode(error);
  if (extended === SHORT_READ || extended === CORRUPT_FILE_SYSTEM) return true;
  if (!(error instanceof Error) || !('code' in error)) return false;
  // A value too large to be a number, and a table that is not there: neither was written by us.
  return error.code === 'ERR_OUT_OF_RANGE' || (code === 1 && error.code === 'ERR_SQLITE_ERROR');
}

/** For people: names the directory and the remedy. */
export function openProblem(error: unknown, dir: string): StoreFailure {
  if (error instanceof StoreFailure) return error;
  return new StoreFailure('not-opened', `the data directory ${dir} cannot be used: ${reason(error)}; ${remedy(error)}`, { cause: error });
}

/** `committing`: the failure came from the last step, after which a batch may be durable. */
export function commitProblem(error: unknown, database: string, committing: boolean): StoreFailure {
  if (error instanceof StoreFailure) return error;
  const code = sqliteCode(error);
  const certain = !committing || (code !== undefined && NOTHING_HAPPENED.has(code));
  return new StoreFailure(certain ? 'unavailable' : 'outcome-unknown', `${database}: ${reason(error)}; ${remedy(error)}`, { cause: error });
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function remedy(error: unknown): string {
  const system = error instanceof Error && 'code' in error ? error.code : undefined;
  const code = sqliteCode(error);
  if (code === FULL || system === 'ENOSPC' || system === 'EDQUOT') return 'free space on its disk';
  if (code === BUSY || code === LOCKED) return 'another program holds a lock on the file; close it';
  if (code === READ_ONLY || code === PERMISSION || system === 'EROFS' || system === 'EACCES' || system === 'EPERM') {
    return 'make the directory and its files writable for this user';
  }
  if (code === CANNOT_OPEN || system === 'ENOENT' || system === 'ENOTDIR')
    return 'check that the path is a directory this user may write to';
  return 'check its disk, then start again or restore a backup';
}
