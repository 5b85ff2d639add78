/** The mass-expiry guard: a network that fails is not a fleet that dies, and a fleet that dies is not kept. */
import { MAX_STEP_MS } from '@rollcall/core';
import { draftOf, instanceId } from '@rollcall/testkit';
import { expect, test } from 'vitest';
import { createFleet, type Fleet, fleetLease, TTL_MS } from './fleet.ts';

/** Lapse, mark, ask, decide, apply: what a decision may take. */
const TICKS_MS = 3 * MAX_STEP_MS;

for (const count of [3, 10, 1_000]) {
  for (const answer of ['accepted', 'silent'] as const) {
    test(`the network is cut from a service of ${count}, whose addresses are ${answer}: all stay, late and held, for one TTL more`, async () => {
      const fleet = await createFleet();
      const ids = await fleet.add('web', count);
      await fleet.clock.advance(60_000);
      fleet.reachable = async () => answer;
      fleet.cut = true;
      await fleet.clock.advance(TTL_MS + TICKS_MS);
      expect(fleet.serving(ids)).toEqual(ids);
      for (const id of ids) expect(fleet.view(id)).toMatchObject({ status: 'late', held: true });
      expect(fleet.registry.counts).toMatchObject({ discoverable: count, late: count, held: count });
      expect(fleet.registry.state.guarded.length).toBeGreaterThan(0);
      expect(fleet.announced('guard-began').length).toBe(1);
      // The first of them was heard 10 s before the cut, at the most.
      await fleet.clock.advance(TTL_MS - 11_000);
      expect(fleet.serving(ids)).toEqual(ids);
      await fleet.clock.advance(11_000);
      expect(fleet.serving(ids)).toEqual([]);
      expect(fleet.registry.counts).toMatchObject({ discoverable: 0, held: 0 });
      await fleet.clock.advance(70_000);
      expect(fleet.registry.counts.instances).toBe(0);
      expect(fleet.announced('guard-ended')).toEqual(fleet.announced('guard-began'));
      expect(fleet.registry.state.guarded).toEqual([]);
    });
  }

  test(`a service of ${count} dies, its addresses refuse: all are gone from answers at once`, async () => {
    const fleet = await createFleet();
    const ids = await fleet.add('web', count);
    const others = await fleet.add('other', count);
    await fleet.clock.advance(60_000);
    fleet.reachable = async () => 'refused';
    fleet.cut = true;
    for (const id of others) fleet.clock.every(5_000, () => void fleet.registry.heartbeat(instanceId(id)));
    await fleet.clock.advance(TTL_MS + TICKS_MS);
    expect(fleet.serving(ids)).toEqual([]);
    expect(fleet.serving(others)).toEqual(others);
    // Each connect meets one address, once.
    const keys = fleet.asked.map(({ host, port }) => `${host}:${port}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBeLessThanOrEqual(count);
  });
}

test('nobody is discoverable for longer than one TTL after its lease ran out, nor kept past its removal', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 20);
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  const heardMs = new Map(ids.map((id) => [id, fleet.view(id)?.lastHeartbeatAtMs ?? 0]));
  for (let passedMs = 0; passedMs < 130_000; passedMs += 500) {
    await fleet.clock.advance(500);
    for (const id of ids) {
      const silentMs = fleet.clock.wallMs() - (heardMs.get(id) ?? 0);
      const view = fleet.view(id);
      if (silentMs > 2 * TTL_MS + TICKS_MS) expect(view?.discoverable, `${id} after ${silentMs} ms`).not.toBe(true);
      if (silentMs > fleetLease.removeAfterMs + TICKS_MS) expect(view, `${id} after ${silentMs} ms`).toBeUndefined();
      if (silentMs < fleetLease.removeAfterMs) expect(view, `${id} after ${silentMs} ms`).toBeDefined();
    }
  }
});

test('a long TTL is held for ten minutes at the most', async () => {
  const fleet = await createFleet();
  const hour = 3_600_000;
  const ids = await fleet.add('web', 5, { lease: { ...fleetLease, ttlMs: hour, removeAfterMs: 2 * hour } }, 1_000);
  fleet.cut = true;
  await fleet.clock.advance(hour + TICKS_MS);
  expect(fleet.serving(ids)).toEqual(ids);
  await fleet.clock.advance(9 * 60_000);
  expect(fleet.serving(ids)).toEqual(ids);
  await fleet.clock.advance(60_000);
  expect(fleet.serving(ids)).toEqual([]);
});

test('when the heartbeats are back all is as before, the guard ends by itself, and says so; a second cut is met again', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 10);
  await fleet.clock.advance(60_000);
  for (let round = 1; round <= 2; round += 1) {
    fleet.cut = true;
    await fleet.clock.advance(45_000);
    expect(fleet.serving(ids)).toEqual(ids);
    fleet.cut = false;
    await fleet.clock.advance(10_000);
    for (const id of ids) expect(fleet.view(id)).toMatchObject({ status: 'up', held: false, discoverable: true });
    expect(fleet.registry.counts).toMatchObject({ late: 0, held: 0, discoverable: 10 });
    await fleet.clock.advance(4 * TTL_MS);
    expect(fleet.registry.state.guarded).toEqual([]);
    expect(fleet.announced('guard-began').length).toBe(round);
    expect(fleet.announced('guard-ended')).toEqual(fleet.announced('guard-began'));
  }
});

test('a second cut is met also while the guard is still in force', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 10);
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  await fleet.clock.advance(35_000);
  fleet.cut = false;
  await fleet.clock.advance(15_000);
  fleet.cut = true;
  await fleet.clock.advance(35_000);
  expect(fleet.serving(ids)).toEqual(ids);
});

test('one of many that dies is late when its TTL is over, and asked nothing', async () => {
  const fleet = await createFleet();
  await fleet.add('web', 10);
  await fleet.register(draftOf('dead', { service: 'web', lease: fleetLease }));
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.view('dead')).toMatchObject({ status: 'late', held: false, discoverable: false });
  expect(fleet.asked).toEqual([]);
  expect(fleet.notices).toEqual([]);
});

test('exactly half is not more than half, and two are not three', async () => {
  const fleet = await createFleet();
  await fleet.add('many', 10);
  await fleet.add('web', 4);
  const dead = ['a', 'b', 'c', 'd'];
  await fleet.register(...dead.map((id) => draftOf(id, { service: 'web', lease: fleetLease })));
  const pair = ['e', 'f'];
  await fleet.register(...pair.map((id) => draftOf(id, { service: 'pair', lease: fleetLease })));
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.serving([...dead, ...pair])).toEqual([]);
  expect(fleet.asked).toEqual([]);
});

test('what was registered after the cut does not hide it', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 10);
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  await fleet.clock.advance(10_000);
  await fleet.register(...Array.from({ length: 20 }, (_, index) => draftOf(`new${index}`, { service: 'web', lease: fleetLease })));
  await fleet.clock.advance(20_000 + TICKS_MS);
  expect(fleet.serving(ids)).toEqual(ids);
});

test('those that lapse one tick apart are all asked, whichever is being decided when the pattern shows', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 3, {}, 300);
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.serving(ids)).toEqual(ids);
});

test('and so are those whose lateness a slow disk is still writing', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 3, {}, 1_000);
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  await fleet.clock.advance(TTL_MS - 1_100);
  fleet.store.held = true;
  await fleet.clock.advance(2_500);
  expect(fleet.store.pending).toBeDefined();
  fleet.store.held = false;
  fleet.store.finish('done');
  await fleet.clock.advance(1_000);
  expect(fleet.serving(ids)).toEqual(ids);
});

test('many small services: the scope over all of them sees what no service shows', async () => {
  const fleet = await createFleet();
  const ids: string[] = [];
  for (let count = 0; count < 15; count += 1)
    ids.push(...(await fleet.add(`single${count}`, 1, {}, 1_000)), ...(await fleet.add(`pair${count}`, 2, {}, 1_000)));
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.serving(ids)).toEqual(ids);
  expect(fleet.announced('guard-began')).toEqual(['*']);
  expect(fleet.registry.state.guarded).toContain('*');
});

test('small services whose heartbeats are spread, so that no two lapse in one tick, are met as well', async () => {
  const fleet = await createFleet();
  const ids: string[] = [];
  for (let count = 0; count < 30; count += 1) {
    ids.push(...(await fleet.add(`single${count}`, 1, {}, 9_000)));
    await fleet.clock.advance(300);
  }
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.serving(ids)).toEqual(ids);
});

test('a service that dies among many others is a matter of its own', async () => {
  const fleet = await createFleet();
  for (const name of ['a', 'b', 'c', 'd']) await fleet.add(name, 10);
  const doomed = Array.from({ length: 5 }, (_, index) => `doomed${index}`);
  await fleet.register(...doomed.map((id) => draftOf(id, { service: 'doomed', lease: fleetLease })));
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.announced('guard-began')).toEqual(['doomed']);
  expect(fleet.registry.state.guarded).toEqual(['doomed']);
  expect(fleet.asked.length).toBe(5);
});

test('different TTLs in one service: each is held for its own', async () => {
  const fleet = await createFleet();
  const short = await fleet.add('web', 5, { lease: { ...fleetLease, ttlMs: 10_000 } }, 3_000);
  const long = (await fleet.add('web2', 0)).concat(await fleetOf(fleet, 5, 40_000));
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  await fleet.clock.advance(10_000 + TICKS_MS);
  // Five of ten that were alive: not more than half.
  expect(fleet.serving(long)).toEqual(long);
  await fleet.clock.advance(30_000);
  expect(fleet.serving(long)).toEqual(long);
  for (const id of long) expect(fleet.view(id)?.held).toBe(true);
  expect(fleet.serving(short)).toEqual([]);
  await fleet.clock.advance(41_000);
  expect(fleet.serving(long)).toEqual([]);
});

/** Of the service `web` too, under names of their own. */
async function fleetOf(fleet: Fleet, count: number, ttlMs: number): Promise<string[]> {
  return fleet.add('slow', count, { service: 'web', lease: { ...fleetLease, ttlMs } }, 3_000);
}

test('one that was held is not held again before it has been heard', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 10, { lease: { ...fleetLease, removeAfterMs: 1_200_000 } });
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  await fleet.clock.advance(2 * TTL_MS + TICKS_MS);
  expect(fleet.serving(ids)).toEqual([]);
  const asked = fleet.asked.length;
  await fleet.clock.advance(300_000);
  expect(fleet.serving(ids)).toEqual([]);
  expect(fleet.asked.length).toBe(asked);
  expect(fleet.registry.state.guarded).toEqual([]);
});
