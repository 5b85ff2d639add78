/** Those that live by checks alone, and those that are revived: what the original clients need who never register again. */
import type { InstanceDraft, LeaseSpec } from '@rollcall/core';
import { createWorld, draftOf, httpCheck, instanceId, settled, shortLease, type World, type WorldOptions } from '@rollcall/testkit';
import { expect, test } from 'vitest';

const DAY_MS = 86_400_000;
const forever: LeaseSpec = { ...shortLease, ttlMs: 7 * DAY_MS, removeAfterMs: 7 * DAY_MS };
const revivable: LeaseSpec = { ttlMs: 10_000, removeAfterMs: 10_000, renewedBy: 'heartbeat', revivable: true };
const byChecks: LeaseSpec = { ttlMs: 10_000, removeAfterMs: 20_000, renewedBy: 'check', revivable: false };

/** Others enough that stay alive, so that no mass-expiry guard has a reason to begin. */
async function createQuietWorld(options: WorldOptions = {}): Promise<World> {
  const world = await createWorld(options);
  await world.register(...Array.from({ length: 12 }, (_, count) => draftOf(`other${count}`, { lease: forever })));
  await world.clock.advance(60_000);
  return world;
}

function checked(id: string, fields: Partial<InstanceDraft> = {}): InstanceDraft {
  const address = { scheme: 'http', host: 'replicas', port: 8080, path: '' };
  return draftOf(id, { lease: byChecks, address, checks: [httpCheck({ fall: 3 })], ...fields });
}

async function see(world: World, id: string, passed: boolean): Promise<void> {
  const view = world.view(id);
  if (view !== undefined) world.registry.observe(view.ref, 0, { state: passed ? 'passing' : 'failing' });
  await settled();
}

function there(world: World): string[] {
  return [...world.registry.instances()].map((view) => String(view.record.id)).filter((id) => !id.startsWith('other'));
}

test('a passing check keeps it alive, and brings it back when it was late; a failing one does not', async () => {
  const world = await createQuietWorld();
  await world.register(checked('a'));
  for (let count = 0; count < 5; count += 1) {
    await world.clock.advance(8_000);
    await see(world, 'a', true);
  }
  expect(world.view('a')?.status).toBe('up');
  await world.clock.advance(8_000);
  await see(world, 'a', false);
  await world.clock.advance(4_000);
  expect(world.view('a')?.status).toBe('late');
  await see(world, 'a', true);
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
  await world.clock.advance(25_000);
  expect(world.view('a')).toBeUndefined();
});

test('from its first own heartbeat on, a passing check keeps it alive no longer, also after a restart', async () => {
  const world = await createQuietWorld();
  await world.register(checked('a'), checked('b'));
  await world.registry.heartbeat(instanceId('a'));
  await world.restart();
  for (let count = 0; count < 4; count += 1) {
    await world.clock.advance(6_000);
    await see(world, 'a', true);
    await see(world, 'b', true);
  }
  expect(there(world)).toEqual(['b']);
});

test('of those that live by checks alone at most 8 share an address, the oldest goes', async () => {
  const world = await createQuietWorld();
  const ids = Array.from({ length: 12 }, (_, count) => `a${count}`);
  for (const id of ids) await world.register(checked(id));
  expect(there(world).toSorted()).toEqual(ids.slice(4).toSorted());
  expect(world.changes.filter((change) => change.kind === 'delete').map((change) => [change.record.id, change.reason])).toEqual(
    ids.slice(0, 4).map((id) => [id, 'replaced']),
  );
  // Elsewhere is elsewhere: another port, another service.
  await world.register(
    checked('b', { address: { scheme: 'http', host: 'replicas', port: 8081, path: '' } }),
    checked('c', { service: 'db' }),
  );
  expect(there(world).length).toBe(10);
});

test('those with a heartbeat of their own do not count among the 8, nor are they pushed out', async () => {
  const world = await createQuietWorld();
  const heard = Array.from({ length: 10 }, (_, count) => `heard${count}`);
  for (const id of heard) {
    await world.register(checked(id));
    await world.registry.heartbeat(instanceId(id));
  }
  await world.restart();
  const ids = Array.from({ length: 9 }, (_, count) => `a${count}`);
  await world.register(...ids.map((id) => checked(id)));
  expect(there(world).toSorted()).toEqual([...ids.slice(1), ...heard].toSorted());
});

test('the oldest is the one registered first, whatever happened to it since, in the same batch or before', async () => {
  const world = await createQuietWorld();
  const ids = Array.from({ length: 8 }, (_, count) => `a${count}`);
  for (const id of ids) await world.register(checked(id));
  await world.do({ kind: 'update', id: instanceId('a0'), patch: { weight: 2 }, renews: true });
  const ref = world.view('a0')?.ref;
  if (ref !== undefined) world.registry.observe(ref, 0, { state: 'passing' });
  await world.register(checked('a8'));
  expect(there(world)).not.toContain('a0');
  await world.do({ kind: 'update', id: instanceId('a1'), patch: { weight: 2 }, renews: true });
  await world.register(checked('a9'));
  expect(there(world).toSorted()).toEqual(['a2', 'a3', 'a4', 'a5', 'a6', 'a7', 'a8', 'a9']);
});

test('nor do more than 8 come to share an address by moving there', async () => {
  const world = await createQuietWorld();
  const ids = Array.from({ length: 8 }, (_, count) => `a${count}`);
  for (const id of ids) await world.register(checked(id));
  const elsewhere = { scheme: 'http', host: 'elsewhere', port: 1, path: '' };
  await world.register(checked('b', { address: elsewhere }), checked('c', { address: elsewhere }));
  await world.register(checked('b'));
  await world.do({ kind: 'update', id: instanceId('c'), patch: { address: checked('c').address }, renews: true });
  expect(there(world).toSorted()).toEqual([...ids.slice(2), 'b', 'c']);
});

test('a heartbeat within a day revives one that expired, as it was, also after a restart', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a', { lease: revivable, metadata: { zone: 'x' }, checks: [httpCheck()] }));
  await see(world, 'a', true);
  const before = world.view('a')?.record;
  await world.clock.advance(11_000);
  expect(world.view('a')).toBeUndefined();
  expect(world.registry.counts).toMatchObject({ remembered: 1, expired: 1, revived: 0 });
  await world.restart();
  expect(world.view('a')).toBeUndefined();
  world.clock.setWall(world.clock.wallMs() + DAY_MS - 60_000);
  const { revision } = world.registry.state;
  expect(await world.registry.heartbeat(instanceId('a'))).toBe(true);
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true, checks: [{ state: 'passing' }] });
  expect(world.view('a')?.record).toEqual({ ...before, revision: revision + 1 });
  expect(world.registry.counts).toMatchObject({ remembered: 0, revived: 1 });
  expect(world.changes.map((change) => change.kind === 'put' && change.cause)).toEqual(['revived']);
});

test('after a day nobody is revived, and the memory is given back, in the store too, also over a restart', async () => {
  for (const restarted of [false, true]) {
    const world = await createQuietWorld();
    await world.register(draftOf('a', { lease: revivable }));
    await world.clock.advance(11_000);
    if (restarted) await world.restart();
    world.clock.setWall(world.clock.wallMs() + DAY_MS + 1_000);
    if (restarted) await world.restart();
    expect(await world.registry.heartbeat(instanceId('a'))).toBe(false);
    await world.clock.advance(61_000);
    expect(world.registry.counts.remembered).toBe(0);
    expect([...world.store.disk.rows.values()].some(({ goneAtMs }) => goneAtMs !== 0)).toBe(false);
  }
});

test('one that was deregistered is not revived, neither while alive nor when it had expired', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a', { lease: revivable }), draftOf('b', { lease: revivable }));
  await world.do({ kind: 'deregister', id: instanceId('a') });
  expect(await world.registry.heartbeat(instanceId('a'))).toBe(false);
  await world.clock.advance(11_000);
  await world.registry.submit({ kind: 'deregister', id: instanceId('b') });
  expect(await world.registry.heartbeat(instanceId('b'))).toBe(false);
  await world.restart();
  expect(await world.registry.heartbeat(instanceId('b'))).toBe(false);
});

test('registering anew what had expired is a new instance, and nothing of the old one stays', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a', { lease: revivable, metadata: { old: true } }));
  await world.clock.advance(11_000);
  await world.register(draftOf('a', { lease: revivable }));
  expect(world.view('a')?.record.metadata).toEqual({});
  expect(world.registry.counts.remembered).toBe(0);
  await world.restart();
  expect(world.registry.counts).toMatchObject({ instances: 13, remembered: 0 });
});

test('the one that expired first is forgotten first, when there are too many, also after a restart', async () => {
  const world = await createQuietWorld({ limits: { remembered: 4 } });
  const ids = ['e', 'd', 'c', 'b', 'a'];
  await world.register(...ids.map((id) => draftOf(id, { lease: revivable })));
  // They expire in the order of their names, not in that of their registration.
  for (const id of ids.toSorted()) {
    await world.clock.advance(1_000);
    await world.registry.heartbeat(instanceId(id));
  }
  await world.clock.advance(7_300);
  expect(world.registry.counts.remembered).toBe(2);
  await world.restart();
  await world.clock.advance(20_000);
  expect(world.registry.counts.remembered).toBe(4);
  const revived: string[] = [];
  for (const id of ids) if (await world.registry.heartbeat(instanceId(id))) revived.push(id);
  expect(revived.toSorted()).toEqual(['b', 'c', 'd', 'e']);
});

test('revival minds the limit on instances', async () => {
  const world = await createQuietWorld({ limits: { instances: 13 } });
  await world.register(draftOf('a', { lease: revivable }));
  await world.clock.advance(11_000);
  await world.register(draftOf('b', { lease: forever }));
  expect(await world.registry.heartbeat(instanceId('a'))).toBe(false);
  expect(world.registry.counts.instances).toBe(13);
  await world.do({ kind: 'deregister', id: instanceId('b') });
  expect(await world.registry.heartbeat(instanceId('a'))).toBe(true);
});

test('a heartbeat that meets its own expiry on the way to the disk revives', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a', { lease: revivable }));
  world.store.held = true;
  await world.clock.advance(10_300);
  const heard = world.registry.heartbeat(instanceId('a'));
  world.store.held = false;
  world.store.finish('done');
  expect(await heard).toBe(true);
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
});
