/** Intents: what operators want outlives registrations, and is bounded. */
import { createWorld, draftOf, instanceId, settled, shortLease, type World } from '@rollcall/testkit';
import type { IntentKind, IntentTarget } from '@rollcall/core';
import { expect, test } from 'vitest';

const lease = { ...shortLease, ttlMs: 86_400_000, removeAfterMs: 86_400_000 };
const DAY_MS = 86_400_000;

function ofInstance(id: string): IntentTarget {
  return { kind: 'instance', id: instanceId(id) };
}

function ofAddress(host: string): IntentTarget {
  return { kind: 'address', service: 'web', host, port: 8080 };
}

function want(world: World, target: IntentTarget, intent: IntentKind, reason?: string) {
  return world.registry.submit({ kind: 'intent', target, intent, ...(reason === undefined ? {} : { reason }) });
}

function addresses(world: World): string[] {
  return [...world.registry.intents()].map(({ target }) => (target.kind === 'address' ? target.host : target.id));
}

test('an intent takes an instance out of discovery, with its reason, until it is lifted', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease }));
  await want(world, ofInstance('a'), 'draining', 'upgrade');
  expect(world.view('a')).toMatchObject({ status: 'draining', intent: 'draining', intentReason: 'upgrade', discoverable: false });
  await want(world, ofInstance('a'), 'serving');
  expect(world.view('a')).toMatchObject({ status: 'up', intent: 'serving', discoverable: true });
  expect(world.view('a')?.intentReason).toBeUndefined();
});

test('the same intent again changes nothing; another reason does', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease }));
  await want(world, ofInstance('a'), 'draining');
  const { revision } = world.registry.state;
  await want(world, ofInstance('a'), 'draining');
  expect(world.registry.state.revision).toBe(revision);
  await want(world, ofInstance('a'), 'draining', 'upgrade');
  expect(world.registry.state.revision).toBe(revision + 1);
});

test('an id that nobody has cannot be drained, an address can, and meets whatever is registered there', async () => {
  const world = await createWorld();
  expect(await want(world, ofInstance('a'), 'draining')).toMatchObject({ kind: 'rejected', error: { code: 'unknown-instance' } });
  await want(world, ofAddress('a.example'), 'draining');
  await world.register(
    draftOf('a', { lease }),
    draftOf('b', { lease }),
    draftOf('c', { lease, service: 'db', address: draftOf('a').address }),
  );
  expect(world.discoverable()).toEqual(['b', 'c']);
});

test("the id's own intent wins over its address's", async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease }));
  await want(world, ofAddress('a.example'), 'draining');
  await want(world, ofInstance('a'), 'maintenance');
  expect(world.view('a')?.status).toBe('maintenance');
});

test('an intent for an id is kept also where its address has the same one already', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease }));
  await want(world, ofAddress('a.example'), 'draining');
  await want(world, ofInstance('a'), 'draining');
  await want(world, ofAddress('a.example'), 'serving');
  expect(world.view('a')?.status).toBe('draining');
});

test('"serving" for an instance lifts what holds for its id and for its address, and says so once', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease }));
  await want(world, ofAddress('a.example'), 'draining');
  await want(world, ofInstance('a'), 'maintenance');
  const told = world.changes.length;
  await want(world, ofInstance('a'), 'serving');
  expect(world.view('a')?.status).toBe('up');
  expect([...world.registry.intents()]).toEqual([]);
  expect(world.store.disk.intents.size).toBe(0);
  expect(world.changes.slice(told).map((change) => change.record.id)).toEqual(['a']);
});

test('an intent outlives deregistration, expiry and restart', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease }), draftOf('b', { lease: shortLease }));
  await want(world, ofInstance('a'), 'maintenance', 'disk');
  await want(world, ofInstance('b'), 'draining');
  await world.do({ kind: 'deregister', id: instanceId('a') });
  await world.clock.advance(40_000);
  await world.restart();
  expect(world.view('b')).toBeUndefined();
  await world.register(draftOf('a', { lease }), draftOf('b', { lease }));
  expect(world.view('a')).toMatchObject({ status: 'maintenance', intentReason: 'disk' });
  expect(world.view('b')?.status).toBe('draining');
});

test('a loose intent is dropped after seven days, and not before; one that has an instance stays', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease: { ...lease, ttlMs: 30 * DAY_MS, removeAfterMs: 30 * DAY_MS } }));
  await want(world, ofInstance('a'), 'draining');
  await want(world, ofAddress('nobody.example'), 'draining');
  await world.clock.advance(61_000);
  world.clock.setWall(world.clock.wallMs() + 7 * DAY_MS - 120_000);
  await world.clock.advance(61_000);
  expect(addresses(world)).toEqual(['a', 'nobody.example']);
  world.clock.setWall(world.clock.wallMs() + 120_000);
  await world.clock.advance(61_000);
  expect(addresses(world)).toEqual(['a']);
  expect(world.store.disk.intents.size).toBe(1);
});

test('an intent that is set anew while the old one is about to be dropped stays', async () => {
  const world = await createWorld();
  await want(world, ofAddress('a.example'), 'draining');
  await world.clock.advance(61_000);
  world.clock.setWall(world.clock.wallMs() + 8 * DAY_MS);
  // What forgets waits behind a commit, and the operator's new wish before it.
  world.store.held = true;
  const first = world.register(draftOf('b', { lease }));
  await settled();
  const second = want(world, ofAddress('a.example'), 'maintenance');
  await world.clock.advance(61_000);
  world.store.held = false;
  world.store.finish('done');
  await Promise.all([first, second]);
  await world.clock.advance(1_000);
  expect(addresses(world)).toEqual(['a.example']);
});

test('loose intents are bounded, the oldest goes, however many come at once', async () => {
  const world = await createWorld({ limits: { looseIntents: 10 } });
  const hosts = Array.from({ length: 100 }, (_, count) => `host${count}`);
  await Promise.all(hosts.map((host) => want(world, ofAddress(host), 'draining')));
  expect(addresses(world)).toEqual(hosts.slice(-10));
  await want(world, ofAddress('host100'), 'draining');
  expect(addresses(world)).toEqual([...hosts.slice(-9), 'host100']);
  expect(world.store.disk.intents.size).toBe(10);
  await world.restart();
  expect(addresses(world)).toEqual([...hosts.slice(-9), 'host100']);
});

test('intents that have an instance are never in the way of the bound, nor dropped for it', async () => {
  const world = await createWorld({ limits: { looseIntents: 3 } });
  const ids = ['a', 'b', 'c', 'd', 'e'];
  await world.register(...ids.map((id) => draftOf(id, { lease })));
  await want(world, ofAddress('nobody.example'), 'draining');
  for (const id of ids) await want(world, ofInstance(id), 'draining');
  expect(addresses(world)).toEqual(['nobody.example', ...ids]);
});
