/**
 * Answers that were serialised already, kept while what they show has not moved.
 *
 * An answer is good while its source is the same object at the same epoch, and for at most `MAX_AGE_MS`, because heartbeat
 * times move no epoch. Bound: `maxBytes` of bodies, the oldest go first; one that is larger than an eighth of it is not kept.
 */
import type { Clock } from '@rollcall/core';

/** What an answer is made from: a service, or the whole registry. */
export interface AnswerSource {
  /** Moves with anything that the answer shows. */
  readonly epoch: number;
}

export interface AnswerCache {
  /** The kept answer for `key`, or a new one by `make`. */
  answer(key: string, source: AnswerSource, make: () => Buffer): Buffer;
  /** Bytes of kept bodies. */
  readonly bytes: number;
}

export const MAX_AGE_MS = 1_000;
const MAX_BYTES = 32 * 1_048_576;

interface Kept {
  readonly source: AnswerSource;
  readonly epoch: number;
  readonly madeAtMs: number;
  readonly body: Buffer;
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
      const body = make();
      keep(key, { source, epoch, madeAtMs: nowMs, body });
      return body;
    },
    get bytes() {
      return bytes;
    },
  };
}
