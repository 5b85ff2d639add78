/** Very many leases that run out at once: what readers see, and how much is done at a time. */
import { TICK_MS } from '@rollcall/core';
import { createWorld, draftOf } from '@rollcall/testkit';
import { expect, test } from 'vitest';

test('50,000 leases that run out at once: out of answers at once, and decided a bounded part a batch', async () => {
  const world = await createWorld({ reach: async () => 'refused' });
  const count = 50_000;
  for (let first = 0; first < count; first += 1_000) {
    const drafts = Array.from({ length: 1_000 }, (_, index) =>
      draftOf(`a${first + index}`, {
        service: `s${(first + index) >> 1}`,
        address: { scheme: 'http', host: 'gone', port: 1 + ((first + index) % 9), path: '' },
      }),
    );
    await world.register(...drafts);
  }
  const batchesBefore = world.store.committed.length;
  await world.clock.advance(10_000 - TICK_MS);
  const epochs = new Map([...world.registry.services()].map((service) => [service.name, service.epoch]));
  await world.clock.advance(TICK_MS);
  // Also where it is not marked yet: a kept answer would still show it.
  for (const service of world.registry.services()) expect(service.epoch).not.toBe(epochs.get(service.name));
  await world.clock.advance(5_000);
  expect(world.registry.counts).toMatchObject({ instances: count, discoverable: 0, late: count });
  expect([...world.registry.instances()].some((view) => view.discoverable)).toBe(false);
  const sizes = world.store.committed.slice(batchesBefore).map(({ changes }) => changes.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_024 + 512);
  // One connect for each address in a tick, however many are there.
  expect(world.asked.length).toBeLessThanOrEqual(9 * 3);
  await world.clock.advance(40_000);
  expect(world.registry.counts).toMatchObject({ instances: 0, services: 0, expired: count, late: 0, held: 0 });
}, 60_000);

test('25,000 leases that run out at once, of which every address accepts: nobody leaves answers for a moment', async () => {
  const world = await createWorld({ reach: async () => 'accepted' });
  const count = 25_000;
  for (let first = 0; first < count; first += 1_000) {
    const drafts = Array.from({ length: 1_000 }, (_, index) => draftOf(`a${first + index}`, { service: `s${(first + index) >> 1}` }));
    await world.register(...drafts);
  }
  await world.clock.advance(10_000 - TICK_MS);
  for (let tick = 0; tick < 10; tick += 1) {
    await world.clock.advance(TICK_MS);
    expect([...world.registry.instances()].filter((view) => !view.discoverable)).toEqual([]);
  }
  await world.clock.advance(15_000);
  expect([...world.registry.instances()].filter((view) => view.discoverable)).toEqual([]);
}, 60_000);
