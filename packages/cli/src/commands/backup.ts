/**
 * The embedded store's records, out of a running registry and into a directory that no registry has open.
 *
 * `backup` never overwrites, and FILE appears only when it is whole.
 */
import { randomBytes } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { createApi, DEFAULT_REGISTRY } from '../api.ts';
import { codeOf, Failure } from '../failure.ts';
import { print } from '../output.ts';
import { registryUrl } from './operator.ts';

export function addBackupCommand(program: Command): void {
  program
    .command('backup')
    .description('writes a consistent copy of the embedded store of a running registry')
    .argument('<file>', 'where to; must not exist')
    .option('--registry <url>', `which registry to ask (REGISTRY_URL; default ${DEFAULT_REGISTRY})`)
    .addHelpText('after', '\nExample:\n  rollcall backup /var/backups/rollcall-monday.db')
    .action(async (file: string, { registry }: { readonly registry?: string }) => {
      const bytes = await saveBackup(file, () => createApi(registryUrl(registry)).backup());
      await print(`${bytes} bytes written to ${file}\n`);
    });
}

/** Returns the bytes written. `content` is asked for only once it is known that `file` can be written. */
async function saveBackup(file: string, content: () => Promise<AsyncIterable<Uint8Array>>): Promise<number> {
  const part = `${file}.${randomBytes(4).toString('hex')}.part`;
  let bytes = 0;
  try {
    await refuseExisting(file);
    const handle = await open(part, 'wx', 0o600);
    try {
      for await (const piece of await content()) {
        await handle.writeFile(piece);
        bytes += piece.length;
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    // Unlike rename, link refuses a file that has come to be meanwhile.
    await link(part, file);
    await syncDirectory(dirname(file));
  } catch (error) {
    if (error instanceof Failure) throw error;
    if (codeOf(error) === 'EEXIST') throw exists(file);
    throw new Failure(2, `cannot write ${file}: ${reasons[codeOf(error)] ?? (error instanceof Error ? error.message : String(error))}`);
  } finally {
    await unlink(part).catch(() => undefined);
  }
  return bytes;
}

async function refuseExisting(file: string): Promise<void> {
  try {
    await (await open(file, 'r')).close();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return;
    throw error;
  }
  throw exists(file);
}

function exists(file: string): Failure {
  return new Failure(2, `${file} is there already; name another file, or remove it first`);
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'its directory does not exist (make it first)',
  ENOTDIR: 'its directory does not exist (make it first)',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory (name a file in it)',
  ENOSPC: 'no space left on the disk',
  EROFS: 'the file system is read-only',
};
