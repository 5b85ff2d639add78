/** The mass-expiry guard asks: addresses, checks, and what becomes of one whose answer is slow, or whose store is down. */
import { MAX_STEP_MS } from '@rollcall/core';
import { draftOf, httpCheck, instanceId, settled } from '@rollcall/testkit';
import { expect, test } from 'vitest';
import { createFleet, fleetLease, TTL_MS } from './fleet.ts';

/** Lapse, mark, ask, decide, apply: what a decision may take. */
const TICKS_MS = 3 * MAX_STEP_MS;

test('several replicas behind one address: one connect', async () => {
  const fleet = await createFleet();
  const address = { scheme: 'http', host: 'one', port: 80, path: '' };
  const ids = Array.from({ length: 20 }, (_, index) => `a${index}`);
  await fleet.register(...ids.map((id) => draftOf(id, { address, lease: fleetLease })));
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.asked).toEqual([address]);
  expect(fleet.serving(ids)).toEqual(ids);
});

test('who lapses just after its address refused goes unasked, and a refusal stands for a second only', async () => {
  const fleet = await createFleet();
  fleet.reachable = async () => 'refused';
  const address = { scheme: 'http', host: 'one', port: 80, path: '' };
  const waves = [0, 500, 5_000];
  for (const [index, afterMs] of waves.entries()) {
    await fleet.clock.advance(afterMs);
    await fleet.register(
      ...Array.from({ length: 20 * 3 ** index }, (_, each) => draftOf(`${index}-${each}`, { address, lease: fleetLease })),
    );
  }
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.registry.counts.discoverable).toBe(0);
  expect(fleet.asked).toEqual([address, address]);
});

test('some refuse, some do not: each goes or stays for itself', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 10);
  await fleet.clock.advance(60_000);
  fleet.reachable = async ({ host }) => (host < 'web-5' ? 'refused' : 'silent');
  fleet.cut = true;
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.serving(ids)).toEqual(['web-5', 'web-6', 'web-7', 'web-8', 'web-9']);
  // One that was refused and is heard again is as any other.
  await fleet.registry.heartbeat(instanceId('web-0'));
  expect(fleet.view('web-0')).toMatchObject({ status: 'up', discoverable: true });
});

test('many that are held at once are stored a bounded part a batch, and each is told once', async () => {
  const fleet = await createFleet();
  const address = { scheme: 'http', host: 'one', port: 80, path: '' };
  const ids = Array.from({ length: 3_000 }, (_, index) => `a${index}`);
  await fleet.register(...ids.map((id) => draftOf(id, { address, lease: fleetLease })));
  const batchesBefore = fleet.store.committed.length;
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  const sizes = fleet.store.committed.slice(batchesBefore).map(({ changes }) => changes.length);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(1_024 + 512);
  const told = fleet.changes.filter((change) => change.kind === 'put' && change.cause === 'held').map((change) => change.record.id);
  expect(told.toSorted()).toEqual(ids.toSorted());
});

test('one that was asked is not asked again before it has been heard, also where the pattern shows anew', async () => {
  const fleet = await createFleet();
  fleet.reachable = async () => 'refused';
  const ids = Array.from({ length: 12 }, (_, index) => `w${index}`);
  await fleet.register(...ids.map((id) => draftOf(id, { lease: fleetLease })));
  /** From when each is silent, in seconds; four of them only until the 36th. */
  const silentFromS: Record<string, number> = { w0: 0, w1: 0, w2: 0, w3: 5, w4: 5, w5: 5, w6: 5, w7: 8, w8: 9, w9: 9 };
  for (let second = -60; second < 45; second += 1) {
    for (const id of ids) {
      const back = second >= 36 && silentFromS[id] === 5;
      if (second < (silentFromS[id] ?? 99) || back) await fleet.registry.heartbeat(instanceId(id));
    }
    await fleet.clock.advance(1_000);
  }
  expect(fleet.serving(ids)).toEqual(['w3', 'w4', 'w5', 'w6', 'w10', 'w11']);
  const hosts = fleet.asked.map(({ host }) => host);
  expect(hosts.length).toBeGreaterThanOrEqual(10);
  expect(new Set(hosts).size).toBe(hosts.length);
});

test('a connect that is never answered keeps nobody for longer; one that breaks counts as silent', async () => {
  for (const reachable of [() => new Promise<never>(() => {}), () => Promise.reject(new Error('no route'))]) {
    const fleet = await createFleet();
    const ids = await fleet.add('web', 10, {}, 1_000);
    await fleet.clock.advance(60_000);
    fleet.reachable = reachable;
    fleet.cut = true;
    await fleet.clock.advance(TTL_MS + TICKS_MS);
    expect(fleet.serving(ids).length).toBeGreaterThanOrEqual(5);
    await fleet.clock.advance(TTL_MS);
    expect(fleet.serving(ids)).toEqual([]);
    await fleet.clock.advance(70_000);
    expect(fleet.registry.counts.instances).toBe(0);
  }
});

test('an answer that comes when the heartbeats are back takes nobody away', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 10);
  await fleet.clock.advance(60_000);
  const answers: (() => void)[] = [];
  fleet.reachable = () => new Promise((resolve) => answers.push(() => resolve('refused')));
  fleet.cut = true;
  await fleet.clock.advance(35_000);
  fleet.cut = false;
  await fleet.clock.advance(10_000);
  for (const answer of answers) answer();
  await fleet.clock.advance(5_000);
  expect(fleet.serving(ids)).toEqual(ids);
});

test('those with a gating check are judged by it, and not asked', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 10, { checks: [httpCheck()] });
  const see = async (id: string, passed: boolean): Promise<void> => {
    const view = fleet.view(id);
    if (view !== undefined) fleet.registry.observe(view.ref, 0, { state: passed ? 'passing' : 'failing' });
    await settled();
  };
  for (const id of ids) await see(id, id !== 'web-3');
  await fleet.clock.advance(60_000);
  fleet.cut = true;
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  const well = ids.filter((id) => id !== 'web-3');
  expect(fleet.asked).toEqual([]);
  expect(fleet.serving(ids)).toEqual(well);
  await see('web-5', false);
  expect(fleet.serving(ids)).toEqual(well.filter((id) => id !== 'web-5'));
  expect(fleet.view('web-3')?.held).toBe(false);
});

test('a commit that fails with what was held is made again', async () => {
  for (const fate of ['unavailable', 'lost'] as const) {
    const fleet = await createFleet();
    const ids = await fleet.add('web', 10, { address: { scheme: 'http', host: 'one', port: 80, path: '' } }, 90);
    await fleet.clock.advance(60_000);
    fleet.cut = true;
    while (fleet.registry.counts.held < 10) await fleet.clock.advance(10);
    fleet.store.fate(fate);
    await fleet.clock.advance(2_000);
    expect(fleet.notices.map((notice) => notice.kind)).toContain('store-failed');
    expect(fleet.registry.counts).toMatchObject({ late: 10, held: 10, discoverable: 10 });
    const told = fleet.changes.filter((change) => change.kind === 'put' && change.cause === 'held').map((change) => change.record.id);
    expect(told.toSorted()).toEqual(ids);
  }
});

test('a store that fails meanwhile: answers are the same, and what was held is told when it is back', async () => {
  const fleet = await createFleet();
  const ids = await fleet.add('web', 10);
  await fleet.clock.advance(60_000);
  fleet.store.broken = 'disk full';
  void fleet.registry.submit({ kind: 'deregister', id: instanceId('nobody') });
  await fleet.register(draftOf('x')).catch(() => {});
  fleet.cut = true;
  await fleet.clock.advance(TTL_MS + TICKS_MS);
  expect(fleet.serving(ids)).toEqual(ids);
  fleet.store.broken = undefined;
  await fleet.clock.advance(2_000);
  const held = ids.filter((id) => fleet.view(id)?.held === true);
  for (const id of held) {
    const causes = fleet.changes.filter((change) => change.record.id === id).map((change) => change.kind === 'put' && change.cause);
    expect(causes.at(-1), id).toBe('held');
  }
  expect(fleet.registry.counts.late).toBe(10);
  await fleet.clock.advance(TTL_MS + 5_000);
  expect(fleet.serving(ids)).toEqual([]);
});
