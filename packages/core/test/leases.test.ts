/** Leases: when an instance leaves answers, when it does not, and what may be under way meanwhile. */
import { MAX_STEP_MS, TICK_MS } from '@rollcall/core';
import { createWorld, draftOf, httpCheck, instanceId, settled, shortLease, type World } from '@rollcall/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';

const forever = { ...shortLease, ttlMs: 86_400_000, removeAfterMs: 86_400_000 };

/** Others enough that stay alive, so that no mass-expiry guard has a reason to begin. */
async function createQuietWorld(): Promise<World> {
  const world = await createWorld();
  await world.register(...Array.from({ length: 8 }, (_, count) => draftOf(`other${count}`, { lease: forever })));
  await world.clock.advance(60_000);
  return world;
}

/** What happened to one instance, by cause or reason. */
function story(world: World, id: string): string[] {
  return world.changes.filter((change) => change.record.id === id).map((change) => (change.kind === 'put' ? change.cause : change.reason));
}

async function hear(world: World, id: string): Promise<boolean> {
  return world.registry.heartbeat(instanceId(id));
}

test('late when its TTL is over, and removed when its time is', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a'));
  await world.clock.advance(9_900);
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
  await world.clock.advance(100 + TICK_MS);
  expect(world.view('a')).toMatchObject({ status: 'late', discoverable: false });
  await world.clock.advance(19_600);
  expect(world.view('a')?.status).toBe('late');
  await world.clock.advance(500);
  expect(world.view('a')).toBeUndefined();
  expect(story(world, 'a')).toEqual(['registered', 'late', 'expired']);
});

test('a heartbeat brings a late one back, and a lease that is renewed in time writes nothing', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a'));
  const { revision } = world.registry.state;
  for (let count = 0; count < 20; count += 1) {
    await world.clock.advance(9_800);
    expect(world.registry.heartbeat(instanceId('a'))).toBe(true);
  }
  expect(world.registry.state.revision).toBe(revision);
  await world.clock.advance(12_000);
  expect(await hear(world, 'a')).toBe(true);
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
  expect(story(world, 'a')).toEqual(['registered', 'late', 'renewed']);
});

test('a lease leaves answers in the tick that finds it over, before anything is stored', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a'));
  world.store.held = true;
  const { epoch } = world.registry;
  await world.clock.advance(10_100);
  expect(world.view('a')?.discoverable).toBe(false);
  expect(world.discoverable()).not.toContain('a');
  expect(world.registry.counts.discoverable).toBe(8);
  expect(world.registry.service('web')?.discoverable).toBe(8);
  expect(world.registry.epoch).not.toBe(epoch);
  expect(story(world, 'a')).toEqual(['registered']);
});

// Promise 3: leaves when its lease runs out on the lease clock; a heartbeat acknowledged within the TTL is never too late.

const pause = fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 10_000 }), fc.integer({ min: 1, max: 3_600_000 }));

test('a stall of any length at any moment makes nobody late whose heartbeat waits in the socket when it ends', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ restMs: fc.integer({ min: 0, max: 9_600 }), stallMs: pause }), { minLength: 1, maxLength: 12 }),
      async (rounds) => {
        const world = await createWorld();
        const ids = ['a', 'b', 'c', 'd'];
        await world.register(...ids.map((id) => draftOf(id)));
        let sinceMs = 0;
        for (const { restMs, stallMs } of rounds) {
          const restedMs = Math.min(restMs, 9_900 - sinceMs);
          await world.clock.advance(restedMs);
          world.clock.stall(stallMs);
          // The first tick after the stall comes before the sockets are read; the heartbeats before the next one.
          await world.clock.advance(0);
          for (const id of ids) expect(await hear(world, id)).toBe(true);
          await world.clock.advance(0);
          for (const id of ids) expect(world.view(id)).toMatchObject({ status: 'up', discoverable: true });
          sinceMs = 0;
        }
        for (const id of ids) expect(story(world, id)).toEqual(['registered']);
      },
    ),
    { numRuns: 100 },
  );
});

test('over any mixture of time, stalls and heartbeats: late exactly when the lease clock says so', async () => {
  const happening = fc.oneof(
    fc.record({ kind: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 4_000 }) }),
    fc.record({ kind: fc.constant('stall' as const), ms: pause }),
    fc.record({ kind: fc.constant('heartbeat' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 40 }), fc.integer({ min: 1_000, max: 20_000 }), async (happenings, ttlMs) => {
      let leaseMs = 0;
      let tickedAtMs = 0;
      const world = await createWorld({
        onTick: () => {
          leaseMs += Math.min(world.clock.monotonicMs() - tickedAtMs, MAX_STEP_MS);
          tickedAtMs = world.clock.monotonicMs();
        },
      });
      await world.register(draftOf('a', { lease: { ...shortLease, ttlMs, removeAfterMs: 86_400_000 } }), draftOf('b', { lease: forever }));
      // A heartbeat between two ticks counts from the moment it came.
      let heardMs = 0;
      let acknowledgedLate = 0;
      for (const { kind, ...by } of happenings) {
        if ('ms' in by && kind === 'advance') await world.clock.advance(by.ms);
        if ('ms' in by && kind === 'stall') world.clock.stall(by.ms);
        if (kind === 'heartbeat') {
          const inTime = world.view('a')?.status === 'up';
          heardMs = leaseMs + Math.min(world.clock.monotonicMs() - tickedAtMs, MAX_STEP_MS);
          expect(await hear(world, 'a')).toBe(true);
          if (!inTime) acknowledgedLate += 1;
        }
        await settled();
        expect(world.view('a')?.discoverable, `${leaseMs - heardMs} of ${ttlMs} ms`).toBe(leaseMs - heardMs < ttlMs);
      }
      expect(story(world, 'a').filter((cause) => cause === 'late').length).toBeLessThanOrEqual(acknowledgedLate + 1);
    }),
    { numRuns: 150 },
  );
});

test('a stall is announced, added up, and over by the next tick', async () => {
  const world = await createWorld();
  world.clock.stall(5_000);
  await world.clock.advance(300);
  expect(world.notices).toEqual([{ kind: 'stalled', stalledMs: 5_000 - MAX_STEP_MS }]);
  expect(world.registry.state.stalledMs).toBe(5_000 - MAX_STEP_MS);
});

// What is under way

test('a heartbeat while "late" is being committed: it is told late, and back, and its lease runs', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a'));
  world.store.held = true;
  await world.clock.advance(10_200);
  expect(world.store.pending).toBeDefined();
  expect(world.registry.heartbeat(instanceId('a'))).toBe(true);
  world.store.held = false;
  world.store.finish('done');
  await settled();
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
  expect(story(world, 'a')).toEqual(['registered', 'late', 'renewed']);
  await world.clock.advance(9_000);
  expect(world.view('a')?.status).toBe('up');
});

test('a heartbeat while a removal is being committed waits for it, and then says the truth', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a'));
  for (const fate of ['unavailable', 'done'] as const) {
    world.store.held = true;
    const removed = world.registry.submit({ kind: 'deregister', id: instanceId('a') });
    await settled();
    const heard = world.registry.heartbeat(instanceId('a'));
    expect(heard).toBeInstanceOf(Promise);
    world.store.held = false;
    world.store.finish(fate);
    expect(await heard).toBe(fate !== 'done');
    expect((await removed).kind).toBe(fate === 'done' ? 'done' : 'rejected');
    await world.clock.advance(1_000);
  }
  expect(world.view('a')).toBeUndefined();
});

test('one that lives by checks and passes one while "late" is being committed goes on living by checks', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a', { lease: { ...shortLease, renewedBy: 'check' }, checks: [httpCheck()] }));
  const pass = (): void => {
    const ref = world.view('a')?.ref;
    if (ref !== undefined) world.registry.observe(ref, 0, { state: 'passing' });
  };
  world.store.held = true;
  await world.clock.advance(10_200);
  pass();
  world.store.held = false;
  world.store.finish('done');
  for (let count = 0; count < 10; count += 1) {
    await world.clock.advance(5_000);
    pass();
    await settled();
    expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
  }
});

test('one that lives by checks and passes one while its removal is being committed comes back', async () => {
  const world = await createQuietWorld();
  const lease = { ttlMs: 10_000, removeAfterMs: 10_000, renewedBy: 'check', revivable: true } as const;
  await world.register(draftOf('a', { lease, checks: [httpCheck()] }));
  const ref = world.view('a')?.ref;
  world.store.held = true;
  await world.clock.advance(10_200);
  if (ref !== undefined) world.registry.observe(ref, 0, { state: 'passing' });
  world.store.held = false;
  world.store.finish('done');
  await settled();
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
});

test('an update that moves its checks, between the end of a lease and the decision on it, does not keep it for ever', async () => {
  const world = await createQuietWorld();
  const draft = draftOf('a');
  await world.register(draft);
  await world.clock.advance(10_000);
  expect(world.view('a')?.status).toBe('late');
  await world.do({ kind: 'update', id: draft.id, patch: { address: { ...draft.address, port: 9_090 } }, renews: false });
  await world.clock.advance(300);
  expect(story(world, 'a')).toEqual(['registered', 'updated', 'late']);
  await world.clock.advance(25_000);
  expect(world.view('a')).toBeUndefined();
  expect(story(world, 'a')).toEqual(['registered', 'updated', 'late', 'expired']);
});

test('a lease that runs out twice while one commit waits is late once, and removed when it is time', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a', { lease: { ...shortLease, ttlMs: 1_000 } }));
  world.store.held = true;
  const other = world.register(draftOf('b', { lease: forever }));
  await world.clock.advance(1_300);
  expect(await hear(world, 'a')).toBe(true);
  await world.clock.advance(1_300);
  world.store.held = false;
  world.store.finish('done');
  await other;
  await settled();
  expect(story(world, 'a')).toEqual(['registered', 'late']);
  await world.clock.advance(20_000);
  expect(world.view('a')?.status).toBe('late');
});

test('leases that ran out while the store was down are late when it is back, each once, and not gone', async () => {
  const world = await createWorld({ reach: async () => 'refused' });
  const ids = Array.from({ length: 1_300 }, (_, count) => `a${count}`);
  await world.register(...ids.map((id) => draftOf(id, { lease: { ...shortLease, removeAfterMs: 3_600_000 } })));
  world.store.fate('unavailable');
  await world.registry.submit({ kind: 'register', draft: draftOf('x'), identical: 'replace' });
  world.store.broken = 'disk full';
  for (const waitMs of [9_800, 100, 100, 100, 60_000]) await world.clock.advance(waitMs);
  expect(world.discoverable()).toEqual([]);
  world.store.held = true;
  world.store.broken = undefined;
  await world.clock.advance(600);
  world.store.held = false;
  world.store.finish('done');
  await world.clock.advance(5_000);
  expect(world.registry.counts).toMatchObject({ instances: 1_300, late: 1_300, discoverable: 0, expired: 0 });
  for (const id of ids) expect(story(world, id)).toEqual(['registered', 'late']);
});

test('a heartbeat that a failed store could not write brings its late instance back when the store is', async () => {
  const world = await createQuietWorld();
  await world.register(draftOf('a', { lease: { ...shortLease, removeAfterMs: 60_000 } }));
  await world.clock.advance(12_000);
  expect(world.view('a')?.status).toBe('late');
  world.store.fate('unavailable');
  await world.registry.submit({ kind: 'register', draft: draftOf('x'), identical: 'replace' });
  expect(await hear(world, 'a')).toBe(true);
  await world.clock.advance(1_000);
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
});
