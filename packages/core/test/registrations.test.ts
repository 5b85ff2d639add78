/** Registering, updating and listing: what each command may change, and what it must leave alone. */
import type { Outcome } from '@rollcall/core';
import { createWorld, draftOf, instanceId, shortLease, type World } from '@rollcall/testkit';
import { expect, test } from 'vitest';

const lease = { ...shortLease, ttlMs: 86_400_000, removeAfterMs: 86_400_000 };

function register(world: World, id: string, fields: Parameters<typeof draftOf>[1] = {}): Promise<Outcome> {
  return world.registry.submit({ kind: 'register', draft: draftOf(id, { lease, ...fields }), identical: 'replace' });
}

test('what is registered just so is kept: no revision, no event, and a new lease', async () => {
  const world = await createWorld();
  const draft = draftOf('a', { metadata: { one: 1, two: [2, { three: null }] }, tags: ['t'] });
  await world.register(draft);
  await world.clock.advance(9_000);
  const again = { ...draft, metadata: { two: [2, { three: null }], one: 1 } };
  expect(await world.registry.submit({ kind: 'register', draft: again, identical: 'keep' })).toMatchObject({ created: false });
  expect(world.changes.length).toBe(1);
  expect(world.store.committed.length).toBe(1);
  await world.clock.advance(9_000);
  expect(world.view('a')?.status).toBe('up');
  // Anything that differs replaces it; and with "replace", also what does not.
  await world.registry.submit({ kind: 'register', draft: { ...draft, weight: 2 }, identical: 'keep' });
  await world.registry.submit({ kind: 'register', draft: { ...draft, weight: 2 }, identical: 'replace' });
  expect(world.changes.length).toBe(3);
});

test('an id belongs to the dialect that created it, until it is gone', async () => {
  const world = await createWorld();
  await register(world, 'a');
  expect(await register(world, 'a', { dialect: 'other' })).toEqual({
    kind: 'rejected',
    error: { code: 'other-dialect', id: 'a', dialect: 'test' },
  });
  await world.do({ kind: 'deregister', id: instanceId('a') });
  expect(await register(world, 'a', { dialect: 'other' })).toMatchObject({ created: true });
});

test('an update with a revision is done only if the record has not moved; status does not move it', async () => {
  const world = await createWorld();
  await register(world, 'a', { lease: { ...shortLease, removeAfterMs: 86_400_000 } });
  const update = (ifRevision: number, weight: number) =>
    world.registry.submit({ kind: 'update', id: instanceId('a'), patch: { weight }, ifRevision, renews: false });
  await world.clock.advance(12_000);
  expect(world.view('a')?.status).toBe('late');
  expect(await update(1, 5)).toEqual({ kind: 'done' });
  const { revision } = world.registry.state;
  expect(await update(1, 6)).toEqual({ kind: 'rejected', error: { code: 'revision-moved', id: 'a', revision } });
  // Two at once: one wins.
  const outcomes = await Promise.all([update(revision, 7), update(revision, 8)]);
  expect(outcomes.map((outcome) => outcome.kind)).toEqual(['done', 'rejected']);
  expect(world.view('a')?.record.weight).toBe(7);
});

test('an update that changes nothing writes nothing; one that renews brings a late one back', async () => {
  const world = await createWorld();
  await register(world, 'a', { lease: { ...shortLease, removeAfterMs: 86_400_000 } });
  await world.do({ kind: 'update', id: instanceId('a'), patch: { weight: 1 }, renews: true });
  expect(world.store.committed.length).toBe(1);
  await world.clock.advance(12_000);
  await world.do({ kind: 'update', id: instanceId('a'), patch: { weight: 1 }, renews: false });
  expect(world.view('a')?.status).toBe('late');
  await world.do({ kind: 'update', id: instanceId('a'), patch: { weight: 1 }, renews: true });
  expect(world.view('a')?.status).toBe('up');
});

test('a heartbeat may declare a status: everything but "running" keeps it out of discovery', async () => {
  const world = await createWorld();
  await register(world, 'a');
  expect(await world.registry.heartbeat(instanceId('a'), 'overloaded')).toBe(true);
  expect(world.view('a')).toMatchObject({ status: 'stopped', discoverable: false, record: { declaredStatus: 'overloaded', revision: 2 } });
  const { length } = world.changes;
  expect(world.registry.heartbeat(instanceId('a'), 'overloaded')).toBe(true);
  expect(world.changes.length).toBe(length);
  await world.registry.heartbeat(instanceId('a'), 'running');
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
});

test('no more instances than the limit, and a place is free when one goes', async () => {
  const world = await createWorld({ limits: { instances: 2 } });
  const outcomes = await Promise.all(['a', 'b', 'c'].map((id) => register(world, id)));
  expect(outcomes).toMatchObject([{ created: true }, { created: true }, { error: { code: 'limit-reached', limit: 'instances', max: 2 } }]);
  expect(await register(world, 'b', { weight: 2 })).toMatchObject({ created: false });
  await world.do({ kind: 'deregister', id: instanceId('a') });
  expect(await register(world, 'c')).toMatchObject({ created: true });
});

test('a service lists its instances in the order they were registered, also after one is replaced or all are loaded', async () => {
  const world = await createWorld();
  const ids = ['d', 'a', 'c', 'b'];
  for (const id of ids) await register(world, id);
  await register(world, 'a', { weight: 2 });
  await world.do({ kind: 'deregister', id: instanceId('c') });
  const listed = () =>
    world.registry
      .service('web')
      ?.instances()
      .map((view) => view.record.id);
  expect(listed()).toEqual(['d', 'a', 'b']);
  await world.restart();
  expect(listed()).toEqual(['d', 'a', 'b']);
});

test('one that moves to another service leaves the first', async () => {
  const world = await createWorld();
  await register(world, 'a');
  await register(world, 'b');
  await register(world, 'a', { service: 'db' });
  expect(
    world.registry
      .service('web')
      ?.instances()
      .map((view) => view.record.id),
  ).toEqual(['b']);
  expect(world.registry.service('db')).toMatchObject({ size: 1, discoverable: 1, revision: 3 });
  expect(world.registry.service('web')).toMatchObject({ size: 1, discoverable: 1, revision: 3 });
  await register(world, 'b', { service: 'db' });
  expect(world.registry.service('web')).toBeUndefined();
  expect(world.registry.counts).toMatchObject({ services: 1, instances: 2, discoverable: 2 });
});

test('a service that comes again never has an epoch it had before', async () => {
  const world = await createWorld();
  const epochs = new Set<number>();
  for (let count = 0; count < 5; count += 1) {
    await register(world, 'a');
    const epoch = world.registry.service('web')?.epoch ?? 0;
    expect(epochs.has(epoch)).toBe(false);
    epochs.add(epoch);
    await world.do({ kind: 'deregister', id: instanceId('a') });
  }
});
