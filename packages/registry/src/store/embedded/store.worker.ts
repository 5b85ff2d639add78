/**
 * The thread that owns the database: requests in order, one at a time. See `messages.ts` for what it is asked.
 *
 * Bound: while opening, at most `PIECES_IN_FLIGHT` pieces wait to be taken; afterwards it holds nothing for each row.
 */
import { parentPort } from 'node:worker_threads';
import { StoreFailure } from './errors.ts';
import { createLoader } from './loader.ts';
import type { Answer, Request } from './messages.ts';
import { createSession, type Session } from './session.ts';
import { storeFiles } from './files.ts';

const port = parentPort;
if (port === null) throw new Error('this is the code of a worker');

const post = (answer: Answer): void => port.postMessage(answer);
const loader = createLoader((piece) => port.postMessage({ kind: 'piece', piece } satisfies Answer, [piece.numbers.buffer]));
let session: Session | undefined;

async function answer(request: Request): Promise<void> {
  switch (request.kind) {
    case 'taken':
      loader.taken();
      return;
    case 'open':
    case 'recover':
      session ??= createSession(storeFiles(request.dir), (text) => post({ kind: 'notice', text }));
      if (request.kind === 'recover') {
        post({ kind: 'done', seq: request.seq, revision: session.recover() });
        return;
      }
      post({ kind: 'opened', seq: request.seq, image: await session.open(loader) });
      return;
    case 'changes':
      session?.add(request.changes);
      return;
    case 'commit': {
      if (session === undefined) throw new StoreFailure('unavailable', 'the store is not open');
      session.add(request.changes);
      session.commit(request.revision);
      post({ kind: 'done', seq: request.seq, revision: request.revision });
      session.tidy();
      return;
    }
    case 'close':
      session?.close();
      post({ kind: 'done', seq: request.seq, revision: 0 });
      port?.close();
      return;
  }
}

port.on('message', (request: Request) => {
  answer(request).catch((error: unknown) => {
    if (!('seq' in request)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    const outcome = error instanceof StoreFailure ? error.outcome : 'outcome-unknown';
    post({ kind: 'failed', seq: request.seq, outcome, reason });
  });
});
