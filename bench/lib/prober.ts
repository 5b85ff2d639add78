/**
 * One connection that asks, waits for the answer, and asks again a moment later: what a client sees of a stall.
 *
 * Open loop in effect: a stall of the server delays the one request that met it by all of its length, so the longest time
 * is the longest stall, whatever the pace. Measured in this process, whose own pauses count too: compare with a quiet time.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Answer, Ask } from './sender.ts';

const GAP_MS = 1;

export interface Probes {
  readonly requests: number;
  /** Of one request, in ms. */
  readonly longestMs: number;
}

/** Asks what `next` says until it says nothing; `seen` gets each answer, with its number. */
export async function probe(
  ask: Ask,
  next: (number: number) => Parameters<Ask>[0] | undefined,
  seen: (answer: Answer, number: number) => void,
): Promise<Probes> {
  let longestMs = 0;
  for (let number = 0; ; number += 1) {
    const wanted = next(number);
    if (wanted === undefined) return { requests: number, longestMs };
    const began = performance.now();
    const answer = await ask(wanted);
    longestMs = Math.max(longestMs, performance.now() - began);
    seen(answer, number);
    await pause(GAP_MS);
  }
}
