/**
 * Serialised answers, kept while what they show stands: the same bytes for every reader of a service.
 *
 * An answer is valid while the epoch it was made at holds (any change, any lapsed lease moves it) and for at most
 * `MAX_AGE_MS`, because heartbeat times move without a change.
 * Bound: `maxBytes` in all; past it, the answers that were made first go first.
 */
import type { Clock } from '@rollcall/core';

export const MAX_AGE_MS = 1_000;
const MAX_BYTES = 64 * 1_048_576;
/** What an entry costs beside its bytes. */
const ENTRY_BYTES = 256;

export interface AnswerCache {
  /** The kept answer to `key`, or the one that `make` gives now. */
  get(key: string, epoch: number, make: () => string): Buffer;
  readonly bytes: number;
}

interface Answer {
  readonly body: Buffer;
  readonly epoch: number;
  readonly madeAtMs: number;
}

export function createAnswerCache(clock: Pick<Clock, 'monotonicMs'>, maxBytes = MAX_BYTES): AnswerCache {
  const answers = new Map<string, Answer>();
  let bytes = 0;

  function drop(key: string, answer: Answer): void {
    answers.delete(key);
    bytes -= cost(key, answer);
  }

  return {
    get(key, epoch, make) {
      const kept = answers.get(key);
      const nowMs = clock.monotonicMs();
      if (kept !== undefined) {
        if (kept.epoch === epoch && nowMs - kept.madeAtMs < MAX_AGE_MS) return kept.body;
        drop(key, kept);
      }
      const made: Answer = { body: Buffer.from(make()), epoch, madeAtMs: nowMs };
      if (cost(key, made) > maxBytes) return made.body;
      answers.set(key, made);
      bytes += cost(key, made);
      for (const [oldest, answer] of answers) {
        if (bytes <= maxBytes) break;
        drop(oldest, answer);
      }
      return made.body;
    },
    get bytes() {
      return bytes;
    },
  };
}

function cost(key: string, { body }: Answer): number {
  return body.byteLength + 2 * key.length + ENTRY_BYTES;
}
