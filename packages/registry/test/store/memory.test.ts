import { storeContract } from '@rollcall/testkit/store-contract';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../src/store/memory.ts';

storeContract('memory', async () => {
  const store = createMemoryStore();
  return { store: () => store, dispose: () => store.close() };
});

test('the same chance names the same history', async () => {
  const [one, other] = await Promise.all([0, 1].map(() => createMemoryStore({ random: () => 0.5 }).open(() => {})));
  expect(one?.history).toBe(other?.history);
});
