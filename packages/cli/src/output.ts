/**
 * Standard output of commands that print and end. A reader that has seen enough (`| head`) ends the printing in silence.
 */
import { codeOf } from './failure.ts';

/** Resolves when all of it is out. */
export function print(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.once('error', (error) => (codeOf(error) === 'EPIPE' ? resolve() : reject(error)));
    process.stdout.write(text, () => resolve());
  });
}

/** For `--json`: indented, one newline at the end. */
export function printJson(value: unknown): Promise<void> {
  return print(`${JSON.stringify(value, null, 2)}\n`);
}
