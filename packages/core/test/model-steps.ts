/** What can happen to the registry in the model test: each step is done to the real and to the naive one, and both are compared. */
import type { CheckSpec, InstanceDraft, IntentKind, Registry } from '@rollcall/core';
import { type CommitFate, draftOf, httpCheck, instanceId, settled } from '@rollcall/testkit';
import fc from 'fast-check';
import { expect } from 'vitest';
import { check, type Real } from './model-check.ts';
import type { createNaive } from './naive.ts';

const IDS = ['a', 'b', 'c', 'd'];
const HOSTS = ['h1', 'h2'];

type Naive = ReturnType<typeof createNaive>;
type Step = fc.AsyncCommand<Naive, Real>;

let questions = 0;

type Ask = Parameters<Naive['submit']>[0] & Parameters<Registry['submit']>[0];
export function ask(model: Naive, real: Real, command: Ask, forModel: Ask = command): void {
  const number = ++questions;
  void real.world.registry.submit(command).then((outcome) => {
    const answer = outcome.kind === 'rejected' ? outcome.error.code : outcome.kind;
    real.answers.set(number, outcome.kind === 'registered' && outcome.created ? 'created' : answer);
  });
  model.submit(forModel, (outcome) => real.expected.set(number, outcome));
}

function step(name: string, how: (model: Naive, real: Real) => Promise<void> | void): Step {
  return {
    check: () => true,
    toString: () => name,
    async run(model, real) {
      await how(model, real);
      await settled();
      check(model, real);
    },
  };
}

// What can happen

const id = fc.constantFrom(...IDS);
const fate = fc.constantFrom<CommitFate>('done', 'unavailable', 'happened', 'lost');
const leases = [
  { ttlMs: 1_000, removeAfterMs: 1_000, renewedBy: 'heartbeat', revivable: false },
  { ttlMs: 1_000, removeAfterMs: 2_500, renewedBy: 'heartbeat', revivable: true },
  { ttlMs: 2_500, removeAfterMs: 2_500, renewedBy: 'check', revivable: true },
  { ttlMs: 1_500, removeAfterMs: 4_000, renewedBy: 'check', revivable: false },
] as const;
const checks: fc.Arbitrary<CheckSpec[]> = fc.subarray([
  httpCheck(),
  httpCheck({ name: 'slow', fall: 2, rise: 2 }),
  httpCheck({ name: 'informs', gates: false }),
]);
const address = fc.constantFrom(...HOSTS).map((host) => ({ scheme: 'http', host, port: 80, path: '' }));
const draft: fc.Arbitrary<InstanceDraft> = fc
  .record({
    id,
    service: fc.constantFrom('web', 'db'),
    dialect: fc.constantFrom('test', 'test', 'test', 'other'),
    address,
    weight: fc.constantFrom(1, 2),
    declaredStatus: fc.constantFrom('running', 'running', 'running', 'starting'),
    lease: fc.constantFrom(...leases),
    checks,
  })
  .map(({ id: name, ...fields }) => draftOf(name, fields));
const reason = fc.constantFrom(undefined, 'upgrade');
const intent = fc.constantFrom<IntentKind>('serving', 'draining', 'maintenance');

export const steps: fc.Arbitrary<Step>[] = [
  fc
    .tuple(draft, fc.constantFrom('replace', 'keep'))
    .map(([wanted, identical]) =>
      step(`register ${brief(wanted)} ${identical}`, (model, real) => ask(model, real, { kind: 'register', draft: wanted, identical })),
    ),
  // Registering again what is there.
  id.map((name) =>
    step(`register ${name} as it is`, (model, real) => {
      const there = model.state.instances.get(name);
      if (there !== undefined) ask(model, real, { kind: 'register', draft: there.draft, identical: 'keep' });
    }),
  ),
  fc
    .record({
      name: id,
      patch: fc.record(
        { weight: fc.constantFrom(1, 2), declaredStatus: fc.constantFrom('running', 'busy'), address, checks },
        { requiredKeys: [] },
      ),
      renews: fc.boolean(),
      guarded: fc.constantFrom('no', 'right', 'wrong'),
    })
    .map(({ name, patch, renews, guarded }) =>
      step(`update ${name} ${JSON.stringify(patch)} renews=${renews} ifRevision=${guarded}`, (model, real) => {
        const command = { kind: 'update', id: instanceId(name), patch, renews } as const;
        if (guarded === 'no') return ask(model, real, command);
        const revision = guarded === 'wrong' ? -1 : (real.world.view(name)?.record.revision ?? 0);
        const version = guarded === 'wrong' ? -1 : (model.state.instances.get(name)?.version ?? 0);
        ask(model, real, { ...command, ifRevision: revision }, { ...command, ifRevision: version });
      }),
    ),
  id.map((name) => step(`deregister ${name}`, (model, real) => ask(model, real, { kind: 'deregister', id: instanceId(name) }))),
  fc.tuple(id, intent, reason).map(([name, kind, why]) =>
    step(`intent ${name} ${kind} ${why}`, (model, real) => {
      const target = { kind: 'instance', id: instanceId(name) } as const;
      ask(model, real, { kind: 'intent', target, intent: kind, ...(why === undefined ? {} : { reason: why }) });
    }),
  ),
  fc
    .tuple(fc.constantFrom(...HOSTS), intent)
    .map(([host, kind]) =>
      step(`intent web ${host} ${kind}`, (model, real) =>
        ask(model, real, { kind: 'intent', target: { kind: 'address', service: 'web', host, port: 80 }, intent: kind }),
      ),
    ),
  heartbeats(),
  heartbeats(),
  heartbeats(),
  fc.tuple(id, fc.nat(2), fc.boolean()).map(([name, index, passed]) =>
    step(`check ${name} ${index} ${passed ? 'passes' : 'fails'}`, (model, real) => {
      const view = real.world.view(name);
      if (view === undefined) return;
      const seen = passed ? ({ state: 'passing', output: 'http 200' } as const) : ({ state: 'failing', output: 'refused' } as const);
      real.world.registry.observe(view.ref, index, seen);
      model.observe(instanceId(name), index, passed);
    }),
  ),
  advances(),
  advances(),
  ends(),
  ends(),
  fc.integer({ min: 1, max: 100_000 }).map((ms) =>
    step(`stall ${ms}`, (_, { world }) => {
      world.clock.stall(ms);
      return world.clock.advance(0);
    }),
  ),
  // Everything until something else is told happens between two ticks.
  fc.integer({ min: 1, max: 99 }).map((ms) => step(`stall ${ms} unnoticed`, (_, { world }) => world.clock.stall(ms))),
  waits(),
  waits(),
  fc.tuple(fate, fc.boolean()).map(([what, goOn]) =>
    step(`the waiting commit ends: ${what}${goOn ? ', the next ones do not wait' : ''}`, (model, { world }) => {
      world.store.held = !goOn;
      model.held = !goOn;
      world.store.finish(what);
      model.finish(what);
    }),
  ),
  fate.map((what) =>
    step(`a next commit: ${what}`, (model, { world }) => {
      world.store.fate(what);
      model.fate(what);
    }),
  ),
  fc.boolean().map((broken) =>
    step(broken ? 'the store breaks' : 'the store is mended', (model, { world }) => {
      world.store.broken = broken ? 'disk full' : undefined;
      model.broken = broken;
    }),
  ),
  fc.constantFrom<'happened' | 'lost'>('happened', 'lost').map((inFlight) =>
    step(`restart, in flight: ${inFlight}`, async (model, real) => {
      await real.world.restart(inFlight);
      model.restart(inFlight);
      // Nobody is there any more to answer what was asked before.
      real.answers.clear();
      real.expected.clear();
      Object.assign(real, { replica: new Map(), seenChanges: 0, seenBatches: 0, told: [], shown: new Map(), rows: new Map() });
      for (const view of real.world.registry.instances()) real.replica.set(view.record.id, view.record);
      for (const stored of real.world.store.disk.rows.values()) {
        real.rows.set(stored.row, { id: stored.record.id, live: stored.goneAtMs === 0 });
      }
      expect(real.world.registry.state.revision).toBeGreaterThanOrEqual(real.lastRevision);
    }),
  ),
];

function heartbeats(): fc.Arbitrary<Step> {
  return fc.tuple(id, fc.constantFrom(undefined, undefined, undefined, 'running', 'busy')).map(([name, declared]) =>
    step(`heartbeat ${name} ${declared ?? ''}`, (model, real) => {
      const number = ++questions;
      const answer = real.world.registry.heartbeat(instanceId(name), declared);
      if (typeof answer === 'boolean') real.answers.set(number, answer);
      else void answer.then((known) => real.answers.set(number, known));
      model.heartbeat(instanceId(name), declared, (known) => real.expected.set(number, known));
    }),
  );
}

function waits(): fc.Arbitrary<Step> {
  return fc.constant(
    step('commits wait', (model, { world }) => {
      world.store.held = true;
      model.held = true;
    }),
  );
}

/** To where it becomes interesting: the end of a lease, and the ticks in which it is marked, decided and applied. */
function ends(): fc.Arbitrary<Step> {
  return fc.tuple(id, fc.nat(3)).map(([name, ticks]) =>
    step(`the lease of ${name} runs out, and ${ticks} ticks pass`, async (model, { world }) => {
      const at = model.state.instances.get(name);
      if (at !== undefined) await world.clock.advance(Math.max(model.deadlineMs(at) - model.nowMs, 0) + ticks * 100);
    }),
  );
}

function advances(): fc.Arbitrary<Step> {
  return fc
    .oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 300, max: 3_000 }))
    .map((ms) => step(`advance ${ms}`, (_, { world }) => world.clock.advance(ms)));
}

function brief({ id: name, service, dialect, address: at, weight, declaredStatus, lease, checks: specs }: InstanceDraft): string {
  const which = specs.map((spec) => spec.name).join('+');
  return `${name} ${service} ${dialect} ${at.host} weight=${weight} ${declaredStatus} lease${leases.findIndex((one) => one === lease)} [${which}]`;
}
