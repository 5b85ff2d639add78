/**
 * Writers that each wait for their record to be durable, and the group commit between them and a disk: what came while
 * one batch was written is the next. Both the embedded store and its floor are driven by this.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { recordFor } from '../lib/records.ts';
import type { InstanceRecord } from '@rollcall/core';

export interface WritersPlan {
  readonly writers: number;
  readonly seconds: number;
  /** Makes a batch durable. */
  readonly commit: (records: readonly InstanceRecord[]) => Promise<void>;
}

/** Returns durable records a second, from the first second on that is not counted. */
export async function runWriters({ writers, seconds, commit }: WritersPlan): Promise<number> {
  let queue: { readonly record: InstanceRecord; readonly done: () => void }[] = [];
  const life = { running: true };
  let stored = 0;
  let number = 0;

  async function write(): Promise<void> {
    while (life.running) {
      const record = recordFor(number++);
      const { promise, resolve } = Promise.withResolvers<void>();
      queue.push({ record, done: resolve });
      await promise;
    }
  }

  async function commits(): Promise<void> {
    while (life.running || queue.length > 0) {
      const batch = queue;
      queue = [];
      if (batch.length === 0) await turn();
      else await commit(batch.map(({ record }) => record));
      stored += batch.length;
      for (const { done } of batch) done();
      // Woken writers queue their next before the next batch is closed.
      await Promise.resolve();
    }
  }

  const all = [...Array.from({ length: writers }, write), commits()];
  await pause(Math.min(seconds, 1));
  const before = stored;
  const began = performance.now();
  await pause(seconds);
  const rate = (stored - before) / ((performance.now() - began) / 1_000);
  life.running = false;
  await Promise.all(all);
  return rate;
}

async function pause(seconds: number): Promise<void> {
  await new Promise((resolve) => {
    setTimeout(resolve, seconds * 1_000);
  });
}
