/**
 * `GET /api/v1/backup`: a consistent copy of the store, written beside, opened, unlinked, and then streamed from the open
 * file, so that nothing is left behind however the request ends, the process included.
 *
 * Bound: one at a time; it takes as much room in the system's temporary directory as the store does.
 */
import { type FileHandle, mkdtemp, open, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { type DialectContext, operation } from '../../server/dialect.ts';
import { problem, sendProblem } from './errors.ts';

export function backupRoute(app: FastifyInstance, { backup, registry }: DialectContext): void {
  let running = false;

  app.get('/api/v1/backup', operation('backup'), async (_request, reply) => {
    if (backup === undefined) {
      return sendProblem(
        reply,
        problem('no-backup', `A ${registry.state.store.kind} store keeps no file to copy: start with --store embedded.`),
      );
    }
    if (running) return sendProblem(reply, problem('backup-running', 'Another backup is being written: ask again when it is done.'));
    running = true;
    const copy = await openCopy(backup).catch((error: unknown) => {
      finished();
      return { failed: error instanceof Error ? error.message : String(error) };
    });
    if ('failed' in copy) return sendProblem(reply, problem('unavailable', `No backup was written: ${copy.failed}`));
    // Also a client that hangs up closes it; until then its room on the disk is taken.
    const body = copy.handle.createReadStream().once('close', finished);
    reply.type('application/vnd.sqlite3').header('content-length', copy.bytes).header('content-disposition', ATTACHMENT);
    return reply.send(body);
  });

  function finished(): void {
    running = false;
  }
}

const ATTACHMENT = 'attachment; filename="rollcall.db"';

interface Copy {
  readonly handle: FileHandle;
  readonly bytes: number;
}

/** A copy that has no name any more: it is gone when its handle is closed. */
async function openCopy(backup: (file: string) => Promise<void>): Promise<Copy> {
  const directory = await mkdtemp(join(tmpdir(), 'rollcall-backup-'));
  try {
    const file = join(directory, 'rollcall.db');
    await backup(file);
    const { size: bytes } = await stat(file);
    return { handle: await open(file, 'r'), bytes };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
