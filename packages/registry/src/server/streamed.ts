/**
 * Long answers, made while they are sent: each chunk is made only when the client has taken those before, and between two
 * chunks everything else that waits gets its turn.
 *
 * An empty piece is a pause: whoever looks at much and says little gives one, so that others get their turn.
 * Bound: `CHUNK_CHARS` and one piece are made at a stretch, and little more than that is held for a client that reads slowly.
 */
import { Readable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';

/** From this many instances on a list is streamed, and not kept. */
export const STREAMED_FROM = 5_000;
const CHUNK_CHARS = 65_536;

export function streamed(pieces: Iterable<string>): Readable {
  return Readable.from(chunks(pieces), { objectMode: false, highWaterMark: CHUNK_CHARS });
}

async function* chunks(pieces: Iterable<string>): AsyncGenerator<Buffer> {
  let chunk = '';
  for (const piece of pieces) {
    chunk += piece;
    if (piece !== '' && chunk.length < CHUNK_CHARS) continue;
    if (chunk.length >= CHUNK_CHARS) {
      yield Buffer.from(chunk);
      chunk = '';
    }
    await setImmediate();
  }
  if (chunk !== '') yield Buffer.from(chunk);
}
