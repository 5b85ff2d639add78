/**
 * One open database over its life: opened, written, lost and found again. Runs in the worker.
 *
 * After any failed commit the connection is given up; only `recover` makes a new one, and what the file then says is what
 * happened. A recovery proves itself by a write, so it fails as long as the cause lasts.
 */
import { existsSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { closeQuietly, inTransaction, type Meta, metaWriter } from './database.ts';
import { commitProblem, isDamage, openProblem, StoreFailure } from './errors.ts';
import type { StoreFiles } from './files.ts';
import type { Loader } from './loader.ts';
import { createLogKeeper, type LogKeeper } from './log-keeper.ts';
import type { EncodedChanges, EncodedImage } from './messages.ts';
import { openSound, openStore, rebuildAndOpen, rebuiltNotice } from './open.ts';
import { openWitness, type Witness } from './witness.ts';
import { CommitFailure, createWriter, type Writer } from './writer.ts';

export interface Session {
  /** Throws `StoreFailure`. */
  open(loader: Loader): Promise<EncodedImage>;
  add(changes: EncodedChanges): void;
  /** Throws `StoreFailure`. */
  commit(revision: number): void;
  /** What can wait until a commit has been answered. */
  tidy(): void;
  /** The last durable revision. Throws `StoreFailure`. */
  recover(): number;
  close(): void;
}

interface Connection {
  readonly database: DatabaseSync;
  readonly writer: Writer;
  readonly log: LogKeeper;
  readonly witness: Witness;
}

export function createSession(files: StoreFiles, announce: (text: string) => void): Session {
  let connection: Connection | undefined;
  /** The file itself turned out to be broken: reopening it is not enough. */
  let broken = false;

  function connect(database: DatabaseSync, meta: Meta): Connection {
    const witness = openWitness(files.witness);
    witness.write(meta);
    witness.flush();
    return { database, witness, writer: createWriter(database, meta), log: createLogKeeper(database, announce) };
  }

  function disconnect(): void {
    connection?.witness.close();
    closeQuietly(connection?.database);
    connection = undefined;
  }

  function reopen(): Connection {
    // SQLite would make an empty one.
    if (!existsSync(files.database)) {
      throw new StoreFailure('unavailable', `${files.database} is gone; put it back, or restart to begin with an empty store`);
    }
    let sound = broken ? undefined : openSound(files);
    if (sound === undefined) {
      const rebuilt = rebuildAndOpen({ files, broken: undefined, served: 0, atLeast: { revision: 0, lastRow: 0 }, nowMs: Date.now() });
      announce(`${rebuiltNotice(files, rebuilt)}; registrations that were lost are served until the next restart`);
      broken = false;
      sound = rebuilt;
    }
    const { database, meta } = sound;
    try {
      inTransaction(database, () => metaWriter(database)(meta));
      database.exec('PRAGMA wal_checkpoint(PASSIVE)');
      return connect(database, meta);
    } catch (error) {
      closeQuietly(database);
      throw error;
    }
  }

  return {
    async open(loader) {
      try {
        const { database, meta, image } = await openStore(files, (row) => loader.add(row), Date.now());
        connection = connect(database, meta);
        await loader.end();
        return image;
      } catch (error) {
        throw openProblem(error, files.dir);
      }
    },
    add(changes) {
      connection?.writer.add(changes);
    },
    commit(revision) {
      if (connection === undefined) throw new StoreFailure('unavailable', 'the store has failed and is not recovered yet');
      try {
        connection.writer.commit(revision);
      } catch (error) {
        disconnect();
        if (!(error instanceof CommitFailure)) throw error;
        broken = isDamage(error.cause);
        throw commitProblem(error.cause, files.database, error.committing);
      }
      connection.witness.write(connection.writer.meta);
    },
    tidy() {
      connection?.log.wrote(connection.writer.takePagesWritten());
    },
    recover() {
      disconnect();
      try {
        connection = reopen();
        return connection.writer.meta.revision;
      } catch (error) {
        throw commitProblem(error, files.database, false);
      }
    },
    close() {
      disconnect();
    },
  };
}
