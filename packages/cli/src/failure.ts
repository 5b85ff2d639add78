/**
 * How a command fails: one line on standard error that names the thing and the remedy, and an exit code. No stack trace
 * for what a user can put right; one for a bug, so that it can be reported.
 *
 * Exit codes: 0 done; 1 it was asked rightly but cannot be had (no such instance, no registry there); 2 it cannot start
 * (unknown flag, bad value, port in use, unreadable file, locked directory).
 */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: 1 | 2;

  constructor(exitCode: 1 | 2, message: string, options?: ErrorOptions) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** Errors whose message is written for people; what throws them need not know of exit codes. */
const forPeople: ReadonlySet<string> = new Set(['ConfigError', 'StoreOpenError', 'StoreError']);

export interface Explained {
  readonly text: string;
  readonly exitCode: number;
}

export function explain(error: unknown): Explained {
  if (error instanceof Failure) return { text: oneLine(error.message), exitCode: error.exitCode };
  if (error instanceof Error && forPeople.has(error.name)) return { text: oneLine(error.message), exitCode: 2 };
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { text: `this is a bug, please report it: ${text}`, exitCode: 70 };
}

/** The code of a system error (`ENOENT`), or what there is instead. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
