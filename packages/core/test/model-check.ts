/** What must hold after every step of the model test. */
import type { Change, InstanceView, StoreBatch } from '@rollcall/core';
import type { World } from '@rollcall/testkit';
import { expect } from 'vitest';
import type { createNaive } from './naive.ts';
import type { NaiveInstance } from './naive-rules.ts';

export interface Real {
  readonly world: World;
  /** Answers as they came, by the number of the question. */
  readonly answers: Map<number, unknown>;
  readonly expected: Map<number, unknown>;
  /** What watchers were told, put together; and how much of it was looked at. */
  replica: Map<string, unknown>;
  seenChanges: number;
  lastRevision: number;
  /** Rows as the store has them, to know what every batch must have told. */
  rows: Map<number, { id: string; live: boolean }>;
  seenBatches: number;
  told: string[];
  shown: Map<string, { epoch: number; text: string }>;
}
type Naive = ReturnType<typeof createNaive>;

export function check(model: Naive, real: Real): void {
  const { registry, store } = real.world;
  expect(Object.fromEntries(real.answers), 'answers').toEqual(Object.fromEntries(real.expected));
  expect(registry.state.store.writable, 'writable').toBe(model.writable);

  const views = [...registry.instances()];
  const shown = Object.fromEntries(views.map((view) => [view.record.id, facts(view)]));
  const wanted = Object.fromEntries([...model.state.instances].map(([name, at]) => [name, wantedFacts(model, at)]));
  expect(shown, 'instances').toEqual(wanted);
  expect(
    [...registry.intents()].map((each) => `${JSON.stringify(each.target)} ${each.intent} ${each.reason}`).toSorted(),
    'intents',
  ).toEqual([...model.state.intents.values()].map((each) => `${JSON.stringify(each.target)} ${each.intent} ${each.reason}`).toSorted());

  const { counts } = registry;
  expect(counts, 'counts').toMatchObject({
    instances: views.length,
    discoverable: views.filter((view) => view.discoverable).length,
    inGrace: views.filter((view) => view.inGrace).length,
    late: [...model.state.instances.values()].filter((at) => at.late).length,
    held: 0,
    services: new Set(views.map((view) => view.record.service)).size,
    remembered: model.state.gone.size,
    intents: model.state.intents.size,
  });

  for (const service of registry.services()) {
    const members = service.instances();
    expect(service.size).toBe(members.length);
    expect(service.discoverable).toBe(members.filter((view) => view.discoverable).length);
    expect(new Set(members.map((view) => view.record.id))).toEqual(
      new Set(views.filter((view) => view.record.service === service.name).map((view) => view.record.id)),
    );
    const text = JSON.stringify(members.map(({ lastHeartbeatAtMs: _, ref: _ref, ...rest }) => rest));
    const before = real.shown.get(service.name);
    if (before !== undefined && before.text !== text) expect(service.epoch, `epoch of ${service.name}`).not.toBe(before.epoch);
    real.shown.set(service.name, { epoch: service.epoch, text });
  }

  checkWatch(real);
  const { revision } = registry.state;
  expect(revision, 'no revision that is not stored').toBeLessThanOrEqual(store.disk.revision);
}

/** Every change once and in order: what the store was given is what watchers were told, and leads to what is shown. */
function checkWatch(real: Real): void {
  const { changes, store, registry } = real.world;
  const told: string[] = [];
  const seen = new Set<string>();
  for (const change of changes.slice(real.seenChanges)) {
    expect(change.revision, 'revisions of changes only grow').toBeGreaterThanOrEqual(real.lastRevision);
    const once = `${change.revision} ${change.record.id} ${change.kind}`;
    expect(seen.has(once), `once: ${once}`).toBe(false);
    seen.add(once);
    real.lastRevision = change.revision;
    take(real.replica, change);
    if (change.kind === 'delete' || change.cause !== 'intent') told.push(`${change.kind} ${change.record.id}`);
  }
  real.seenChanges = changes.length;
  real.told.push(...told);
  if (registry.state.store.writable) {
    const stored = store.committed.slice(real.seenBatches).flatMap((batch) => storedTexts(real.rows, batch));
    real.seenBatches = store.committed.length;
    expect(real.told, 'what was stored was told').toEqual(stored);
    real.told = [];
  }
  expect(Object.fromEntries(real.replica), 'a replica built from changes').toEqual(
    Object.fromEntries([...registry.instances()].map((view) => [view.record.id, view.record])),
  );
}

function take(replica: Map<string, unknown>, change: Change): void {
  if (change.kind === 'delete') {
    expect(replica.delete(change.record.id), `delete of ${change.record.id}`).toBe(true);
    return;
  }
  const known = replica.get(change.record.id);
  if (change.cause !== 'registered' && change.cause !== 'revived') expect(known, `${change.cause} of ${change.record.id}`).toBeDefined();
  if (change.before !== undefined) expect(change.before).toEqual(known);
  replica.set(change.record.id, change.record);
}

function storedTexts(rows: Real['rows'], { changes }: StoreBatch): string[] {
  const texts: string[] = [];
  for (const change of changes) {
    if (change.kind === 'intent') continue;
    const before = rows.get(change.row);
    const gone = change.kind === 'delete' || change.goneAtMs !== 0;
    const name = change.kind === 'put' ? change.record.id : before?.id;
    if (name === undefined) throw new Error(`row ${change.row} was never put`);
    // What was only remembered, and is forgotten, nobody saw.
    if (!gone || before?.live !== false) texts.push(`${gone ? 'delete' : 'put'} ${name}`);
    rows.set(change.row, { id: name, live: !gone });
  }
  return texts;
}

function facts(view: InstanceView) {
  const { revision: _revision, registeredAtMs, ...kept } = view.record;
  return {
    draft: kept,
    registeredAtMs,
    status: view.status,
    discoverable: view.discoverable,
    intent: view.intent,
    reason: view.intentReason,
    heardAtMs: view.lastHeartbeatAtMs,
    inGrace: view.inGrace,
    checks: view.checks.map(({ state, lastOutput }) => ({ state, lastOutput })),
  };
}

function wantedFacts(model: Naive, at: NaiveInstance): ReturnType<typeof facts> {
  const { status, discoverable, intent: kind, reason: why } = model.see(at);
  return {
    draft: at.draft,
    registeredAtMs: at.registeredAtMs,
    status,
    discoverable,
    intent: kind,
    reason: why,
    heardAtMs: at.heardAtMs,
    inGrace: at.inGrace,
    checks: at.checks.map((state, index) => ({ state, lastOutput: at.probes[index]?.output })),
  } as ReturnType<typeof facts>;
}
