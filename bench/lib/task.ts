/** Runs a program of this folder to its end, on a core, and returns what it printed. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Core, pinned } from './pinned.ts';

const run = promisify(execFile);

/** `file` is relative to bench/. Rejects with what it printed when it fails. */
export async function task(core: Core, file: string, ...values: readonly (string | number)[]): Promise<string> {
  const path = fileURLToPath(new URL(`../${file}`, import.meta.url));
  const [command, args] = pinned(core, [process.execPath, path, ...values.map(String)]);
  const { stdout } = await run(command, args);
  return stdout;
}
