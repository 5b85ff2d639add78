/** A directory for an embedded store that goes with its test, and ways to look into it. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store, StoredInstance, StoreImage } from '@rollcall/core';
import { onTestFinished } from 'vitest';
import { createEmbeddedStore } from '../../src/store/embedded/store.ts';

export interface Place {
  readonly dir: string;
  readonly database: string;
  /** What the stores of this place announced while open. */
  readonly notices: string[];
  store(): Required<Store>;
  /** Opens a store and reads all; it is closed with the test at the latest. */
  open(): Promise<OpenedStore>;
  /** Names in the directory that begin so. */
  files(prefix: string): Promise<string[]>;
}

export interface OpenedStore {
  readonly store: Required<Store>;
  readonly image: StoreImage;
  readonly rows: StoredInstance[];
}

export async function makePlace(parent = tmpdir()): Promise<Place> {
  const dir = await mkdtemp(join(parent, 'store-'));
  const stores: Store[] = [];
  const notices: string[] = [];
  onTestFinished(async () => {
    for (const store of stores) await store.close();
    await rm(dir, { recursive: true, force: true });
  });
  function store(): Required<Store> {
    const made = createEmbeddedStore({ dir, onNotice: (text) => notices.push(text) });
    stores.push(made);
    return made;
  }
  return {
    dir,
    database: join(dir, 'rollcall.db'),
    notices,
    store,
    async open() {
      const opening = store();
      const rows: StoredInstance[] = [];
      const image = await opening.open((piece) => rows.push(...piece));
      return { store: opening, image, rows };
    },
    async files(prefix) {
      return (await readdir(dir)).filter((name) => name.startsWith(prefix)).sort();
    },
  };
}
