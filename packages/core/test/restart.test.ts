/** After a start: who gets one more TTL, and who does not. */
import { MAX_STEP_MS } from '@rollcall/core';
import { draftOf, httpCheck, instanceId } from '@rollcall/testkit';
import { expect, test } from 'vitest';
import { createFleet, fleetLease, TTL_MS } from './fleet.ts';

/** Lapse, mark, ask, decide, apply: what a decision may take. */
const TICKS_MS = 3 * MAX_STEP_MS;

test('after a start everyone that was not late or failing has one full TTL, in grace until it is heard', async () => {
  const fleet = await createFleet();
  const lease = { ...fleetLease, removeAfterMs: 600_000 };
  await fleet.add('busy', 12);
  await fleet.register(
    draftOf('quiet', { lease }),
    draftOf('heard', { lease }),
    draftOf('late', { lease: { ...lease, ttlMs: 1_000 } }),
    draftOf('failing', { lease, checks: [httpCheck()] }),
  );
  fleet.reachable = async () => 'refused';
  const ref = fleet.view('failing')?.ref;
  if (ref !== undefined) fleet.registry.observe(ref, 0, { state: 'failing' });
  await fleet.clock.advance(20_000);
  fleet.clock.stall(600_000);
  await fleet.restart();
  expect(fleet.view('quiet')).toMatchObject({ status: 'up', discoverable: true, inGrace: true });
  expect(fleet.view('late')).toMatchObject({ status: 'late', discoverable: false, inGrace: false });
  expect(fleet.view('failing')).toMatchObject({ status: 'failing', discoverable: false, inGrace: false });
  await fleet.registry.heartbeat(instanceId('heard'));
  expect(fleet.view('heard')?.inGrace).toBe(false);
  await fleet.clock.advance(TTL_MS - 200);
  expect(fleet.serving(['quiet', 'heard'])).toEqual(['quiet', 'heard']);
  await fleet.clock.advance(TICKS_MS);
  expect(fleet.serving(['quiet', 'heard', 'late'])).toEqual([]);
});

test('after a start, those that were late already do not come back by a guard for the others', async () => {
  const fleet = await createFleet();
  const late = Array.from({ length: 4 }, (_, index) => `late${index}`);
  fleet.reachable = async () => 'refused';
  await fleet.register(...late.map((id) => draftOf(id, { lease: { ...fleetLease, ttlMs: 1_000, removeAfterMs: 600_000 } })));
  await fleet.clock.advance(3_000);
  const ids = Array.from({ length: 10 }, (_, index) => `web${index}`);
  await fleet.register(...ids.map((id) => draftOf(id, { lease: { ...fleetLease, removeAfterMs: 600_000 } })));
  fleet.reachable = async () => 'accepted';
  await fleet.restart();
  for (let passedMs = 0; passedMs < 100_000; passedMs += 1_000) {
    await fleet.clock.advance(1_000);
    expect(fleet.serving(late)).toEqual([]);
  }
});
