/**
 * Whether something is there: one TCP connect to an instance's address. The registry's guard asks it before it believes that
 * half of its instances died at once, so an answer may only be `refused` when a machine said so itself.
 *
 * Everything that is not a clear yes or no is `silent`: no answer in time, no such name, an address that may not be connected to, and
 * whatever we lack ourselves. A name with several addresses is refused when the first is.
 * Bounds: `concurrency` connects at once, 8 to one host, and `MAX_QUEUED` waiting; one more is `silent` at once, which
 * keeps the instance for a while.
 */
import type { Address, Reachability } from '@rollcall/core';
import { plainHost } from './check-aim.ts';
import { dial } from './dial.ts';
import { orEnded } from './ended.ts';
import { createFairQueue, type Job } from './fair-queue.ts';
import { NOWHERE } from './heap.ts';
import { outcomeOf, ProbeEnded } from './outcome.ts';
import type { Resolver } from './resolver.ts';
import { locate } from './target.ts';

export interface ReachOptions {
  /** Outlives it; its owner closes it. */
  readonly resolver: Pick<Resolver, 'resolve'>;
  /** Connects at once. */
  readonly concurrency?: number;
  /** For one address, its name included, from when its turn comes, in ms. */
  readonly timeoutMs?: number;
}

/** Settles when its turn has come and its time is over, at the latest. Never rejects. */
export type Reach = (address: Address) => Promise<Reachability>;

const MAX_QUEUED = 100_000;
const PER_HOST = 8;

interface Question extends Job {
  readonly port: number;
  readonly answer: (reachability: Reachability) => void;
}

export function createReach({ resolver, concurrency = 64, timeoutMs = 1_000 }: ReachOptions): Reach {
  const queue = createFairQueue<Question>({ concurrency, perHost: PER_HOST });
  let arrived = 0;

  function next(): void {
    for (let question = queue.take(); question !== undefined; question = queue.take()) void answer(question);
  }

  async function answer(question: Question): Promise<void> {
    const reachability = await ask(question);
    queue.release(question, reachability === 'silent');
    question.answer(reachability);
    next();
  }

  async function ask({ host, port }: Question): Promise<Reachability> {
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(new ProbeEnded('timeout')), timeoutMs);
    try {
      const located = await orEnded(locate(host, resolver), ending.signal);
      if (located.kind === 'not-found') return 'silent';
      (await dial(located.addresses, port, ending.signal)).destroy();
      return 'accepted';
    } catch (error) {
      return outcomeOf(error)?.output === 'refused' ? 'refused' : 'silent';
    } finally {
      clearTimeout(timer);
    }
  }

  return ({ host, port }) => {
    const plain = plainHost(host);
    if (plain === undefined || queue.waiting >= MAX_QUEUED) return Promise.resolve('silent');
    return new Promise((resolve) => {
      arrived += 1;
      queue.schedule({ host: plain, port, answer: resolve, key: 0, place: NOWHERE, state: 'idle' }, arrived);
      queue.advance(arrived, 1);
      next();
    });
  };
}
