/** Commits: one batch at a time, each failure answered for what it is, and nothing decided on what is not known. */
import type { Change, Outcome } from '@rollcall/core';
import { createSimStore, createWorld, draftOf, instanceId, settled, shortLease, type World } from '@rollcall/testkit';
import { expect, test } from 'vitest';

const lease = { ...shortLease, ttlMs: 86_400_000, removeAfterMs: 86_400_000 };

function register(world: World, id: string, fields: Parameters<typeof draftOf>[1] = {}): Promise<Outcome> {
  return world.registry.submit({ kind: 'register', draft: draftOf(id, { lease, ...fields }), identical: 'replace' });
}

const refusedAs = (code: string) => ({ kind: 'rejected', error: { code } });

test('commands wait, undecided, until the batch before is applied, and then share one commit', async () => {
  const world = await createWorld();
  world.store.held = true;
  const first = register(world, 'a');
  await settled();
  const rest = ['b', 'c', 'd'].map((id) => register(world, id));
  const gone = world.registry.submit({ kind: 'deregister', id: instanceId('a') });
  await settled();
  expect(world.store.pending?.changes.length).toBe(1);
  expect(world.registry.counts.instances).toBe(0);
  world.store.held = false;
  world.store.finish('done');
  await Promise.all([first, ...rest]);
  // Decided after `a` was applied: it could be found.
  expect(await gone).toEqual({ kind: 'done' });
  expect(world.store.committed.map(({ revision }) => revision)).toEqual([1, 5]);
  expect(world.discoverable()).toEqual(['b', 'c', 'd']);
});

test('a command sees what the ones before it in its batch have decided', async () => {
  const world = await createWorld();
  const outcomes = await Promise.all([
    register(world, 'a'),
    register(world, 'a', { weight: 2 }),
    world.registry.submit({ kind: 'deregister', id: instanceId('a') }),
    world.registry.submit({ kind: 'deregister', id: instanceId('a') }),
    register(world, 'a', { weight: 3 }),
  ]);
  expect(outcomes).toMatchObject([
    { created: true },
    { created: false },
    { kind: 'done' },
    refusedAs('unknown-instance'),
    { created: true },
  ]);
  expect(world.view('a')?.record).toMatchObject({ weight: 3, revision: 4 });
  expect(world.changes.map((change) => change.revision)).toEqual([1, 2, 3, 4]);
});

test('subscribers are told before anybody is answered', async () => {
  const world = await createWorld();
  const order: string[] = [];
  world.registry.subscribe((changes) => order.push(`told ${changes.length}`));
  await Promise.all([register(world, 'a').then(() => order.push('a')), register(world, 'b').then(() => order.push('b'))]);
  expect(order).toEqual(['told 2', 'a', 'b']);
});

test('a subscriber that has stopped is told nothing more', async () => {
  const world = await createWorld();
  const told: Change[] = [];
  const stop = world.registry.subscribe((changes) => told.push(...changes));
  await register(world, 'a');
  stop();
  await register(world, 'b');
  expect(told.map((change) => change.record.id)).toEqual(['a']);
});

test('after "unavailable" nothing has happened, reads and heartbeats go on, and it comes back by itself', async () => {
  const world = await createWorld();
  await register(world, 'a');
  world.store.broken = 'disk full';
  expect(await register(world, 'b')).toMatchObject({ kind: 'rejected', error: { code: 'unavailable', reason: 'disk full' } });
  expect(await world.registry.submit({ kind: 'deregister', id: instanceId('a') })).toMatchObject(refusedAs('unavailable'));
  expect(world.registry.heartbeat(instanceId('a'))).toBe(true);
  expect(await world.registry.heartbeat(instanceId('a'), 'busy')).toBe(true);
  expect(world.registry.heartbeat(instanceId('b'))).toBe(false);
  expect(world.registry.state.store).toEqual({ kind: 'simulated', writable: false, reason: 'disk full' });
  await world.clock.advance(5_000);
  expect(world.discoverable()).toEqual(['a']);
  world.store.broken = undefined;
  await world.clock.advance(400);
  expect(world.registry.state.store).toEqual({ kind: 'simulated', writable: true });
  expect(await register(world, 'b')).toMatchObject({ created: true });
  expect(world.changes.map((change) => change.revision)).toEqual([1, 2]);
  expect(world.notices.map((notice) => notice.kind)).toEqual(['store-failed', 'store-recovered']);
});

test('what waited behind a commit that failed is refused as "unavailable": of it, nothing happened', async () => {
  const world = await createWorld();
  world.store.held = true;
  const first = register(world, 'a');
  await settled();
  const second = register(world, 'b');
  world.store.held = false;
  world.store.finish('happened');
  expect(await first).toMatchObject(refusedAs('outcome-unknown'));
  expect(await second).toMatchObject(refusedAs('unavailable'));
  await world.clock.advance(400);
  expect(world.discoverable()).toEqual(['a']);
});

for (const fate of ['happened', 'lost'] as const) {
  test(`a batch whose outcome was unknown and that ${fate} is ${fate === 'happened' ? 'applied and told' : 'dropped'} before anything else is decided`, async () => {
    const world = await createWorld();
    await register(world, 'a');
    world.store.fate(fate);
    const outcome = await world.registry.submit({ kind: 'deregister', id: instanceId('a') });
    expect(outcome).toMatchObject(refusedAs('outcome-unknown'));
    expect(world.registry.counts.instances).toBe(1);
    expect(world.registry.heartbeat(instanceId('a'))).toBe(true);
    await world.clock.advance(400);
    const again = await world.registry.submit({ kind: 'deregister', id: instanceId('a') });
    expect(again).toMatchObject(fate === 'happened' ? refusedAs('unknown-instance') : { kind: 'done' });
    expect(world.changes.map((change) => [change.kind, change.revision])).toEqual([
      ['put', 1],
      ['delete', 2],
    ]);
    expect(world.registry.state.revision).toBe(2);
  });

  test(`after a restart, what was in flight and ${fate} is ${fate === 'happened' ? 'there' : 'not'}, and no row is used twice`, async () => {
    const world = await createWorld();
    await register(world, 'a');
    world.store.held = true;
    void register(world, 'b');
    await settled();
    await world.restart(fate);
    expect(world.discoverable()).toEqual(fate === 'happened' ? ['a', 'b'] : ['a']);
    await world.do({ kind: 'deregister', id: instanceId('a') });
    await register(world, 'c');
    expect([...world.store.disk.rows.values()].map(({ record }) => record.id)).toEqual(fate === 'happened' ? ['b', 'c'] : ['c']);
    expect(world.registry.state.revision).toBe(fate === 'happened' ? 4 : 3);
  });
}

test('a row of one that is gone is never used again, also over a restart', async () => {
  const world = await createWorld();
  const rows = new Set<number>();
  for (let count = 0; count < 5; count += 1) {
    await register(world, 'a');
    for (const row of world.store.disk.rows.keys()) {
      expect(rows.has(row)).toBe(false);
      rows.add(row);
    }
    await world.do({ kind: 'deregister', id: instanceId('a') });
    if (count % 2 === 0) await world.restart();
  }
});

test('no more than 100,000 commands wait; the next is refused at once', async () => {
  const world = await createWorld();
  world.store.held = true;
  void register(world, 'a');
  await settled();
  const waiting = { kind: 'deregister', id: instanceId('nobody') } as const;
  for (let count = 0; count < 100_000; count += 1) void world.registry.submit(waiting);
  expect(await world.registry.submit(waiting)).toMatchObject(refusedAs('unavailable'));
});

test('a store that breaks its word and rejects with another error is taken as "outcome unknown"', async () => {
  const world = await createWorld();
  const { commit } = world.store;
  world.store.commit = async (batch) => {
    await commit(batch);
    throw new TypeError('a bug in the store');
  };
  expect(await register(world, 'a')).toMatchObject(refusedAs('outcome-unknown'));
});

test('closing lets the batch in flight end, refuses the rest, and may be done twice', async () => {
  const world = await createWorld();
  world.store.held = true;
  const first = register(world, 'a');
  await settled();
  const second = register(world, 'b');
  const closed = world.registry.close();
  expect(await second).toMatchObject(refusedAs('unavailable'));
  world.store.finish('done');
  await closed;
  expect(await first).toMatchObject({ created: true });
  expect(await register(world, 'c')).toMatchObject(refusedAs('unavailable'));
  await world.registry.close();
  expect([...world.store.disk.rows.values()].map(({ record }) => record.id)).toEqual(['a']);
});

test('the simulated store holds its caller to the contract', async () => {
  const store = createSimStore();
  const batch = { revision: 1, changes: [{ kind: 'delete', row: 1 }] } as never;
  store.held = true;
  void store.commit(batch);
  expect(() => store.commit(batch)).toThrow('two commits in flight');
});
