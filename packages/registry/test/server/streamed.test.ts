import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { streamed } from '../../src/server/streamed.ts';

/** Endless; tells how many were made, and whether it was told to stop. */
function createPieces(piece: string) {
  const seen = { made: 0, stopped: false };
  function* pieces(): Generator<string> {
    try {
      for (;;) {
        seen.made += 1;
        yield piece;
      }
    } finally {
      seen.stopped = true;
    }
  }
  return { seen, pieces };
}

test('what comes out is what the pieces say', async () => {
  const pieces = ['[', ...Array.from({ length: 30_000 }, (_, index) => `"größe ${index}",`), '', '0]'];
  const chunks: Buffer[] = [];
  for await (const chunk of streamed(pieces)) chunks.push(chunk as Buffer);
  expect(chunks.length).toBeGreaterThan(1);
  expect(Buffer.concat(chunks).toString()).toBe(pieces.join(''));
});

test('a client that does not read has little made for it, and none when it goes', async () => {
  const { seen, pieces } = createPieces('x'.repeat(1_000));
  const stream = streamed(pieces());
  stream.once('data', () => stream.pause());
  await once(stream, 'data');
  for (let turns = 0; turns < 100; turns += 1) await turn();
  expect(seen.made).toBeLessThan(500);
  stream.destroy();
  await once(stream, 'close');
  expect(seen.stopped).toBe(true);
});

test('everything else gets its turn meanwhile', async () => {
  const { pieces } = createPieces('x'.repeat(1_000));
  const stream = streamed(pieces());
  let read = 0;
  stream.on('data', (chunk: Buffer) => (read += chunk.length));
  for (let turns = 0; turns < 50; turns += 1) await turn();
  expect(read).toBeGreaterThan(0);
  stream.destroy();
});
