/**
 * Answers that were serialised already, kept while what they show has not moved.
 *
 * An answer is good while its source is the same object at the same epoch, and for at most `MAX_AGE_MS`, because heartbeat
 * times move no epoch. Bound: `maxBytes` of bodies, the oldest go first; one that is larger than an eighth of it is not kept.
 *
 * Short ASCII bodies are kept as strings: Node sends such a body and its headers as one piece, which costs less than two.
 */
import { isAscii } from 'node:buffer';
import type { Clock } from '@rollcall/core';

/** What an answer is made from: a service, or the whole registry. */
export interface AnswerSource {
  /** Moves with anything that the answer shows. */
  readonly epoch: number;
}

export interface AnswerCache {
  /** The kept answer for `key`, or a new one: the pieces that `make` gives, joined. */
  answer(key: string, source: AnswerSource, make: () => Iterable<string>): Body;
  /** Bytes of kept bodies. */
  readonly bytes: number;
}

/** To be sent as it is. */
export type Body = string | Buffer;

export const MAX_AGE_MS = 1_000;
const MAX_BYTES = 32 * 1_048_576;
/** Up to this many bytes copying a body is cheaper than a second piece. */
const SHORT_BYTES = 16_384;

interface Kept {
  readonly source: AnswerSource;
  readonly epoch: number;
  readonly madeAtMs: number;
  readonly body: Body;
}

export function createAnswerCache(clock: Pick<Clock, 'monotonicMs'>, maxBytes = MAX_BYTES): AnswerCache {
  /** In the order of making. */
  const kept = new Map<string, Kept>();
  let bytes = 0;

  function drop(key: string, { body }: Kept): void {
    kept.delete(key);
    bytes -= body.length;
  }

  function keep(key: string, entry: Kept): void {
    const before = kept.get(key);
    if (before !== undefined) drop(key, before);
    if (entry.body.length > maxBytes / 8) return;
    kept.set(key, entry);
    bytes += entry.body.length;
    for (const [oldKey, old] of kept) {
      if (bytes <= maxBytes && entry.madeAtMs - old.madeAtMs <= MAX_AGE_MS) break;
      drop(oldKey, old);
    }
  }

  return {
    answer(key, source, make) {
      const nowMs = clock.monotonicMs();
      const found = kept.get(key);
      if (found !== undefined && found.source === source && found.epoch === source.epoch && nowMs - found.madeAtMs <= MAX_AGE_MS) {
        return found.body;
      }
      const { epoch } = source;
      const body = joined(make());
      keep(key, { source, epoch, madeAtMs: nowMs, body });
      return body;
    },
    get bytes() {
      return bytes;
    },
  };
}

function joined(pieces: Iterable<string>): Body {
  let text = '';
  for (const piece of pieces) text += piece;
  const bytes = Buffer.from(text);
  // Read back from the bytes, since what was added up is a tree of pieces still.
  return bytes.length <= SHORT_BYTES && isAscii(bytes) ? bytes.toString('latin1') : bytes;
}
