/**
 * The calling side of the store's worker: numbered requests, one answer each, a limit on the wait, and the worker's death
 * told as a failure of whatever was asked.
 *
 * Bound: one request at a time, except one that timed out and may still be answered late; that answer is ignored.
 */
import type { Worker } from 'node:worker_threads';
import { StoreError } from '@rollcall/core';
import { startWorker } from '../../worker.ts';
import type { Answer, EncodedPiece, Request } from './messages.ts';
import { portError } from './port-errors.ts';

/** How long a disk may take to answer, in ms. Opening has no limit: it reads everything. */
const ANSWER_WITHIN_MS = 30_000;

export type Answered = Extract<Answer, { readonly kind: 'opened' | 'done' }>;
type Asking = Extract<Request, { readonly seq: number }>;

export interface Channel {
  readonly alive: boolean;
  /** Sends without waiting for an answer. */
  send(request: Request): void;
  /** Rejects with `StoreError` or `StoreOpenError`. */
  ask(request: Asking): Promise<Answered>;
  /** Ends the worker at once. */
  end(): Promise<void>;
}

export interface ChannelEvents {
  readonly onPiece: (piece: EncodedPiece) => void;
  readonly onNotice: (text: string) => void;
}

export function openChannel({ onPiece, onNotice }: ChannelEvents): Channel {
  const worker: Worker = startWorker(new URL('./store.worker.ts', import.meta.url));
  const waiting = new Map<number, { readonly resolve: (answered: Answered) => void; readonly reject: (error: Error) => void }>();
  let alive = true;
  let died = "the store's worker ended";

  worker.on('message', (answer: Answer) => {
    switch (answer.kind) {
      case 'piece':
        onPiece(answer.piece);
        return;
      case 'notice':
        onNotice(answer.text);
        return;
      case 'failed':
        waiting.get(answer.seq)?.reject(portError(answer.outcome, answer.reason));
        return;
      case 'opened':
      case 'done':
        waiting.get(answer.seq)?.resolve(answer);
        return;
    }
  });
  worker.on('error', (error) => {
    died = `the store's worker failed: ${error instanceof Error ? error.message : String(error)}`;
  });
  worker.on('exit', () => {
    alive = false;
    for (const { reject } of waiting.values()) reject(new StoreError('outcome-unknown', died));
  });

  return {
    get alive() {
      return alive;
    },
    send: (request) => worker.postMessage(request),
    async ask(request) {
      if (!alive) throw new StoreError('unavailable', died);
      let timer: NodeJS.Timeout | undefined;
      try {
        return await new Promise<Answered>((resolve, reject) => {
          waiting.set(request.seq, { resolve, reject });
          if (request.kind !== 'open') {
            timer = setTimeout(() => reject(tooLate()), ANSWER_WITHIN_MS);
          }
          worker.postMessage(request);
        });
      } finally {
        clearTimeout(timer);
        waiting.delete(request.seq);
      }
    },
    async end() {
      await worker.terminate();
    },
  };
}

function tooLate(): StoreError {
  return new StoreError('outcome-unknown', `the disk has not answered for ${ANSWER_WITHIN_MS / 1_000} s`);
}
