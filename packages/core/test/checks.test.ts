/** Checks: rise, fall, flapping, and what becomes of a result while other things are on their way to the disk. */
import { createWorld, draftOf, httpCheck, instanceId, settled, shortLease, type World } from '@rollcall/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';

/** Long enough that no lease runs out meanwhile. */
const lease = { ...shortLease, ttlMs: 86_400_000, removeAfterMs: 86_400_000 };

async function see(world: World, id: string, ...results: boolean[]): Promise<void> {
  for (const passed of results) {
    const view = world.view(id);
    if (view === undefined) throw new Error(`${id} is not there`);
    world.registry.observe(view.ref, 0, passed ? { state: 'passing', output: 'http 200' } : { state: 'failing', output: 'http 503' });
    await settled();
  }
}

function state(world: World, id: string): string | undefined {
  return world.view(id)?.checks[0]?.state;
}

test('one pass makes an unknown check passing, fall failures in a row make it failing, rise passes in a row bring it back', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease, checks: [httpCheck({ rise: 2, fall: 3 })] }));
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true, checks: [{ state: 'unknown' }] });
  await see(world, 'a', false, false);
  expect(state(world, 'a')).toBe('unknown');
  await see(world, 'a', true);
  expect(state(world, 'a')).toBe('passing');
  await see(world, 'a', false, false, true, false, false);
  expect(state(world, 'a')).toBe('passing');
  await see(world, 'a', false);
  expect(world.view('a')).toMatchObject({ status: 'failing', discoverable: false });
  await see(world, 'a', true, false, true);
  expect(state(world, 'a')).toBe('failing');
  await see(world, 'a', true);
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true });
});

test('a check that does not gate only informs', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease, checks: [httpCheck({ gates: false })] }));
  await see(world, 'a', false);
  expect(world.view('a')).toMatchObject({ status: 'up', discoverable: true, checks: [{ state: 'failing', lastOutput: 'http 503' }] });
});

test('results that change no state write nothing', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease, checks: [httpCheck({ fall: 3 })] }));
  await see(world, 'a', true);
  const { revision } = world.registry.state;
  await see(world, 'a', true, false, false, true, false, true);
  expect(world.registry.state.revision).toBe(revision);
});

test('each return to failing doubles the passes that are needed, up to 32 times, and ten quiet minutes forgive', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease, checks: [httpCheck()] }));
  for (const needed of [1, 2, 4, 8, 16, 32, 32]) {
    await see(world, 'a', false);
    expect(state(world, 'a')).toBe('failing');
    await see(world, 'a', ...Array<boolean>(needed - 1).fill(true));
    expect(state(world, 'a')).toBe('failing');
    await see(world, 'a', true);
    expect(state(world, 'a')).toBe('passing');
  }
  await world.clock.advance(600_000);
  await see(world, 'a', false, true);
  expect(state(world, 'a')).toBe('passing');
});

test('however results come, a gating check never fails without fall failures in a row, nor comes back without rise passes', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.boolean(), { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 4 }),
      async (results, rise, fall) => {
        const world = await createWorld();
        await world.register(draftOf('a', { lease, checks: [httpCheck({ rise, fall })] }));
        for (const [index, passed] of results.entries()) {
          const before = state(world, 'a');
          await see(world, 'a', passed);
          const after = state(world, 'a');
          const lastOnes = (count: number): boolean[] => results.slice(Math.max(index + 1 - count, 0), index + 1);
          if (before !== 'failing' && after === 'failing') expect(lastOnes(fall)).toEqual(Array<boolean>(fall).fill(false));
          if (before === 'failing' && after === 'passing') expect(lastOnes(rise)).toEqual(Array<boolean>(rise).fill(true));
          // The other way round: so many in a row never leave it where it was, at the first fall.
          if (before !== 'failing' && after !== 'failing')
            expect(lastOnes(fall).length === fall && lastOnes(fall).every((one) => !one)).toBe(false);
        }
      },
    ),
    { numRuns: 60 },
  );
});

test('the last output is part of the answer, so it moves the epoch', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease, checks: [httpCheck({ fall: 3 })] }));
  await see(world, 'a', true);
  const before = world.registry.service('web')?.epoch;
  await see(world, 'a', false);
  expect(world.view('a')?.checks[0]?.lastOutput).toBe('http 503');
  expect(world.registry.service('web')?.epoch).not.toBe(before);
});

test('results that come while one is being committed count as themselves, not as flapping', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease, checks: [httpCheck()] }));
  world.store.held = true;
  await see(world, 'a', false, false, false, false);
  world.store.held = false;
  world.store.finish('done');
  await settled();
  expect(state(world, 'a')).toBe('failing');
  // It fell once: one pass is enough.
  await see(world, 'a', true);
  expect(state(world, 'a')).toBe('passing');
});

test('the last of two results that contradict each other wins, also when the first was being committed', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease, checks: [httpCheck()] }));
  await see(world, 'a', true);
  world.store.held = true;
  await see(world, 'a', false, true);
  world.store.held = false;
  world.store.finish('done');
  await settled();
  expect(state(world, 'a')).toBe('passing');
});

test('a store that is down neither loses a state nor counts as flapping', async () => {
  const world = await createWorld();
  await world.register(draftOf('a', { lease, checks: [httpCheck()] }));
  await see(world, 'a', true);
  world.store.broken = 'disk full';
  await see(world, 'a', false, false, false, false, false);
  expect(state(world, 'a')).toBe('passing');
  world.store.broken = undefined;
  await world.clock.advance(1_000);
  await see(world, 'a', false);
  expect(state(world, 'a')).toBe('failing');
  await see(world, 'a', true);
  expect(state(world, 'a')).toBe('passing');
});

test('a result for what was there before is dropped, also when its replacement is decided in the same batch', async () => {
  const world = await createWorld();
  const draft = draftOf('a', { lease, checks: [httpCheck()] });
  await world.register(draft);
  const ref = world.view('a')?.ref;
  if (ref === undefined) throw new Error('not there');
  // Both wait behind a commit, and are then decided together.
  world.store.held = true;
  const first = world.register(draftOf('b', { lease }));
  await settled();
  const second = world.register({ ...draft, address: { ...draft.address, host: 'elsewhere' } });
  world.registry.observe(ref, 0, { state: 'failing', output: 'refused' });
  world.store.held = false;
  world.store.finish('done');
  await Promise.all([first, second]);
  await settled();
  expect(world.view('a')).toMatchObject({ status: 'up', checks: [{ state: 'unknown' }] });
  // Nor later, by the old reference.
  world.registry.observe(ref, 0, { state: 'failing', output: 'refused' });
  await settled();
  expect(state(world, 'a')).toBe('unknown');
});

test('a replacement keeps the state of checks that stayed the same at the same address, in whatever order', async () => {
  const world = await createWorld();
  const [web, other] = [httpCheck(), httpCheck({ name: 'other', path: '/other' })];
  const draft = draftOf('a', { lease, checks: [web, other] });
  await world.register(draft);
  await see(world, 'a', false);
  await world.register({ ...draft, weight: 2, checks: [other, web] });
  expect(world.view('a')?.checks.map((check) => check.state)).toEqual(['unknown', 'failing']);
  await world.do({ kind: 'update', id: instanceId('a'), patch: { address: { ...draft.address, port: 9090 } }, renews: false });
  expect(world.view('a')?.checks.map((check) => check.state)).toEqual(['unknown', 'unknown']);
});
