import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { storeContract } from '@rollcall/testkit/store-contract';
import { createEmbeddedStore } from '../../src/store/embedded/store.ts';

storeContract('embedded', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'store-'));
  return {
    store: () => createEmbeddedStore({ dir }),
    dispose: () => rm(dir, { recursive: true, force: true }),
  };
});
