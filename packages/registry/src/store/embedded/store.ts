/**
 * The embedded store: one SQLite database in a directory of its own, written by a worker thread.
 *
 * After `commit` has resolved the batch is on the disk. What is read back is what was written, by a checksum on every row;
 * damage is set aside and announced, never served. One process a directory. See the README beside this folder.
 * Bound: nothing is kept for each row; a batch and four pieces of the opening are in memory at a time.
 */
import { type Revision, type Store, StoreError, StoreOpenError, type StoredInstance } from '@rollcall/core';
import { backUp } from './backup.ts';
import { type Channel, openChannel } from './channel.ts';
import { decodeImage, decodePiece, encodeChanges } from './encode.ts';
import { storeFiles } from './files.ts';
import { takeLock } from './lock.ts';
import type { EncodedPiece } from './messages.ts';

/** Changes that are encoded before the worker begins with them, while the next are encoded. */
const PART_CHANGES = 256;

export interface EmbeddedStoreOptions {
  /** Made if it is not there. On a local file system. */
  readonly dir: string;
  /** What an operator must know after the opening, in one line: a log that cannot be cut, a file that broke. */
  readonly onNotice?: (text: string) => void;
}

export function createEmbeddedStore({ dir, onNotice = () => {} }: EmbeddedStoreOptions): Required<Store> {
  const files = storeFiles(dir);
  let unlock: (() => void) | undefined;
  let channel: Channel | undefined;
  let onInstances: ((piece: readonly StoredInstance[]) => void) | undefined;
  let refused: ((error: unknown) => void) | undefined;
  const pieces: EncodedPiece[] = [];
  let seq = 0;
  let recovering: Promise<Revision> | undefined;

  function nextSeq(): number {
    seq += 1;
    return seq;
  }

  function connect(): Channel {
    return openChannel({ onNotice, onPiece: take });
  }

  /** One piece in each turn of the event loop: a port hands out all its messages in one. */
  function take(piece: EncodedPiece): void {
    pieces.push(piece);
    if (pieces.length === 1) setImmediate(takeOne);
  }

  function takeOne(): void {
    const [piece] = pieces;
    if (piece === undefined) return;
    try {
      onInstances?.(decodePiece(piece));
      channel?.send({ kind: 'taken' });
    } catch (error) {
      refused?.(error);
    }
    pieces.shift();
    if (pieces.length > 0) setImmediate(takeOne);
  }

  async function letGo(): Promise<void> {
    const ending = channel;
    channel = undefined;
    await ending?.end();
    unlock?.();
    unlock = undefined;
  }

  async function askToRecover(): Promise<Revision> {
    if (unlock === undefined) throw closed();
    if (channel?.alive !== true) channel = connect();
    const answered = await channel.ask({ kind: 'recover', seq: nextSeq(), dir });
    if (answered.kind !== 'done') throw new StoreError('unavailable', 'the store did not recover');
    return answered.revision as Revision;
  }

  return {
    kind: 'embedded',
    async open(deliver) {
      if (unlock !== undefined) throw new StoreOpenError(`the store in ${dir} is open already`);
      unlock = takeLock(files);
      try {
        onInstances = deliver;
        const refusal = new Promise<never>((_, reject) => {
          refused = reject;
        });
        channel = connect();
        const answered = await Promise.race([channel.ask({ kind: 'open', seq: nextSeq(), dir }), refusal]);
        if (answered.kind !== 'opened') throw new StoreOpenError(`the store in ${dir} did not open`);
        return decodeImage(answered.image);
      } catch (error) {
        await letGo();
        if (error instanceof StoreError)
          throw new StoreOpenError(`the data directory ${dir} cannot be used: ${error.message}`, { cause: error });
        throw error;
      } finally {
        onInstances = undefined;
        refused = undefined;
      }
    },
    async commit({ revision, changes }) {
      if (unlock === undefined || channel === undefined) throw closed();
      if (!channel.alive) throw new StoreError('unavailable', "the store's worker is not running");
      let from = 0;
      for (; from + PART_CHANGES < changes.length; from += PART_CHANGES) {
        channel.send({ kind: 'changes', changes: encodeChanges(changes, from, from + PART_CHANGES) });
      }
      await channel.ask({ kind: 'commit', seq: nextSeq(), revision, changes: encodeChanges(changes, from, changes.length) });
    },
    recover() {
      recovering ??= askToRecover().finally(() => {
        recovering = undefined;
      });
      return recovering;
    },
    async backup(file) {
      if (unlock === undefined) throw closed();
      await backUp(files.database, file);
    },
    async close() {
      if (unlock === undefined) return;
      if (channel?.alive === true) await channel.ask({ kind: 'close', seq: nextSeq() }).catch(() => undefined);
      await letGo();
    },
  };
}

function closed(): StoreError {
  return new StoreError('unavailable', 'the store is closed');
}
