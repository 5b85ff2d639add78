/** Standard output of commands that print and end. */
import { codeOf, Failure } from './failure.ts';

/** Resolves when all of it is out, or its reader has gone. Rejects with `Failure` when it cannot be written. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === undefined || error === null || codeOf(error) === 'EPIPE') resolve();
      else reject(new Failure(1, `cannot write to standard output (${codeOf(error)})`));
    });
  });
}

/** For `--json`: indented, one newline at the end. */
export function printJson(value: unknown): Promise<void> {
  return print(`${JSON.stringify(value, null, 2)}\n`);
}
