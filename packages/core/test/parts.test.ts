/** The small parts, each by its own contract. */
import { type CheckSpec, type CheckState, type InstanceRecord, MAX_STEP_MS, type StoredInstance, targetKey } from '@rollcall/core';
import { createSimulatedClock, draftOf, httpCheck, instanceId } from '@rollcall/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLeaseClock } from '../src/clock.ts';
import { createCompact } from '../src/compact.ts';
import { createIntentTable } from '../src/intents.ts';
import { createLapseWindow } from '../src/lapse-window.ts';
import { createRemembered } from '../src/remembered.ts';
import {
  carriedStanding,
  checkState,
  hasFailingGate,
  isHeard,
  isLate,
  NEW_STANDING,
  sameJson,
  withCheckState,
  withHeard,
  withLate,
} from '../src/standing.ts';
import { deriveStatus, isDiscoverable, type LeaseNow } from '../src/status.ts';

function recordOf(checks: readonly CheckSpec[] = [], declaredStatus = 'running'): InstanceRecord {
  return { ...draftOf('a', { checks, declaredStatus }), registeredAtMs: 0, revision: 1 } as InstanceRecord;
}

const anyState = fc.constantFrom<CheckState>('unknown', 'passing', 'failing');

// The lease clock

test('the lease clock never runs back, never faster than time, and by no tick further than its step', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.boolean()), { maxLength: 100 }), (happenings) => {
      const clock = createSimulatedClock();
      const lease = createLeaseClock(clock);
      let leftOutMs = 0;
      for (const [ms, ticks] of happenings) {
        const [before, current] = [lease.nowMs, lease.currentMs()];
        clock.stall(ms);
        expect(lease.currentMs()).toBeGreaterThanOrEqual(current);
        expect(lease.currentMs()).toBeLessThanOrEqual(lease.nowMs + MAX_STEP_MS);
        const granted = lease.currentMs();
        if (ticks) {
          leftOutMs += lease.tick();
          expect(lease.nowMs).toBeGreaterThanOrEqual(granted);
          expect(lease.nowMs - before).toBeLessThanOrEqual(MAX_STEP_MS);
          expect(lease.nowMs + leftOutMs).toBe(clock.monotonicMs());
        }
      }
    }),
  );
});

// Standing

test('standing: what is packed is what is unpacked, and nothing else moves', () => {
  fc.assert(
    fc.property(
      fc.boolean(),
      fc.boolean(),
      fc.array(anyState, { maxLength: 8 }),
      fc.nat(7),
      anyState,
      (late, heard, states, index, state) => {
        let standing = withLate(heard ? withHeard(NEW_STANDING) : NEW_STANDING, late);
        states.forEach((each, check) => {
          standing = withCheckState(standing, check, each);
        });
        expect(standing).toBe(new Uint32Array([standing])[0]);
        const moved = withCheckState(standing, index, state);
        expect(checkState(moved, index)).toBe(state);
        for (let check = 0; check < 8; check += 1) {
          expect(checkState(standing, check)).toBe(states[check] ?? 'unknown');
          if (check !== index) expect(checkState(moved, check)).toBe(checkState(standing, check));
        }
        for (const each of [standing, moved]) {
          expect(isLate(each)).toBe(late);
          expect(isHeard(each)).toBe(heard);
        }
        expect(isLate(withLate(standing, !late))).toBe(!late);
        expect(withLate(withLate(standing, !late), late)).toBe(standing);
      },
    ),
  );
});

test('a failing check closes the gate only where it gates', () => {
  const record = recordOf([httpCheck({ gates: false }), httpCheck({ name: 'gate' })]);
  expect(hasFailingGate(record, withCheckState(NEW_STANDING, 0, 'failing'))).toBe(false);
  expect(hasFailingGate(record, withCheckState(NEW_STANDING, 1, 'failing'))).toBe(true);
  expect(hasFailingGate(record, withCheckState(NEW_STANDING, 1, 'passing'))).toBe(false);
});

test('standing is carried over to the checks that stayed the same, and to none at another URL', () => {
  const [one, two, three] = [httpCheck({ name: 'one' }), httpCheck({ name: 'two' }), httpCheck({ name: 'three' })];
  const before = recordOf([one, two]);
  const standing = withLate(withHeard(withCheckState(withCheckState(NEW_STANDING, 0, 'failing'), 1, 'passing')), true);
  const carried = carriedStanding(before, standing, recordOf([three, two, { ...one, intervalMs: 9_999 }]));
  expect([0, 1, 2].map((check) => checkState(carried, check))).toEqual(['unknown', 'passing', 'unknown']);
  expect([isLate(carried), isHeard(carried)]).toEqual([true, true]);
  expect(checkState(carriedStanding(before, standing, { ...before, url: 'http://elsewhere' }), 0)).toBe('unknown');
});

test('sameJson agrees with the order-free text of its values', () => {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sorted);
    if (typeof value !== 'object' || value === null) return value;
    return Object.entries(value)
      .map(([key, each]) => [key, sorted(each)])
      .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1));
  };
  const small = fc.jsonValue({ maxDepth: 2 });
  fc.assert(
    fc.property(small, small, (a, b) => {
      // JSON has no -0.
      const [x, y] = [JSON.parse(JSON.stringify(a)), JSON.parse(JSON.stringify(b))] as unknown[];
      const tag = (value: unknown): string => JSON.stringify([Array.isArray(value), sorted(value)]);
      expect(sameJson(x, y)).toBe(tag(x) === tag(y));
      expect(sameJson(x, structuredClone(x))).toBe(true);
    }),
  );
  expect(sameJson({}, [])).toBe(false);
  expect(sameJson({ a: 1 }, { b: 1 })).toBe(false);
  expect(sameJson(JSON.parse('{"__proto__": 1}'), { x: 1 })).toBe(false);
  expect(sameJson({ toString: null }, { x: null })).toBe(false);
});

// Status

test('discoverable is: serving, running, no failing gate, and a lease that runs or is held', () => {
  const intents = ['serving', 'draining', 'maintenance'] as const;
  const leases: readonly LeaseNow[] = ['running', 'lapsed', 'held'];
  for (const intent of intents) {
    for (const declared of ['running', 'starting']) {
      for (const late of [false, true]) {
        for (const state of ['unknown', 'passing', 'failing'] as const) {
          for (const lease of leases) {
            const record = recordOf([httpCheck()], declared);
            const standing = withCheckState(withLate(NEW_STANDING, late), 0, state);
            const alive = lease === 'held' || (lease === 'running' && !late);
            const wanted = intent === 'serving' && declared === 'running' && state !== 'failing' && alive;
            expect(isDiscoverable(record, standing, intent, lease)).toBe(wanted);
            const status = deriveStatus(record, standing, intent, lease);
            if (intent !== 'serving') expect(status).toBe(intent);
            else if (declared !== 'running') expect(status).toBe('stopped');
            else if (late || lease !== 'running') expect(status).toBe('late');
            else expect(status).toBe(state === 'failing' ? 'failing' : 'up');
          }
        }
      }
    }
  }
});

// What is remembered, counted, shared

test('the remembered are given in the order they expired, one that expired again as the newest', () => {
  const remembered = createRemembered();
  const gone = (id: string, goneAtMs: number): StoredInstance => ({ row: 1, record: { id }, standing: 0, goneAtMs }) as StoredInstance;
  for (const [index, id] of ['a', 'b', 'c', 'a'].entries()) remembered.add(gone(id, index));
  expect([...remembered.oldestFirst()].map(({ record }) => record.id)).toEqual(['b', 'c', 'a']);
  remembered.remove(instanceId('c'));
  expect(remembered.size).toBe(2);
  expect(remembered.get(instanceId('a'))?.goneAtMs).toBe(3);
});

test('no two targets share a key, whatever they are called', () => {
  const text = fc.string({ unit: fc.constantFrom('a', ':', ' ', '/', '1'), maxLength: 4 });
  const target = fc.oneof(
    text.map((id) => ({ kind: 'instance' as const, id: instanceId(id) })),
    fc.record({ kind: fc.constant('address' as const), service: text, host: text, port: fc.nat(12) }),
  );
  fc.assert(
    fc.property(target, target, (a, b) => {
      expect(targetKey(a) === targetKey(b)).toBe(sameJson(a, b));
    }),
  );
});

test('intents are given in the order they were set, one set again as the newest', () => {
  const table = createIntentTable();
  const intent = (id: string, setAtMs: number) =>
    table.set({ target: { kind: 'instance', id: instanceId(id) }, intent: 'draining', setAtMs });
  for (const [index, id] of ['a', 'b', 'c', 'a'].entries()) intent(id, index);
  expect([...table.all()].map(({ setAtMs }) => setAtMs)).toEqual([1, 2, 3]);
});

test('a window counts what came in it, exactly but for one bucket', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 9 })), { maxLength: 300 }), (happenings) => {
      const windowMs = 10_000;
      const window = createLapseWindow();
      const all: { atMs: number; lapses: number }[] = [];
      let nowMs = 0;
      for (const [passedMs, lapses] of happenings) {
        nowMs += passedMs;
        all.push({ atMs: nowMs, lapses });
        window.add(nowMs, windowMs, lapses);
        const within = (ms: number): number => all.reduce((sum, each) => (each.atMs > nowMs - ms ? sum + each.lapses : sum), 0);
        expect(window.count(nowMs - windowMs)).toBeLessThanOrEqual(within(windowMs));
        expect(window.count(nowMs - windowMs)).toBeGreaterThanOrEqual(within(windowMs - windowMs / 32));
        expect(window.isOver(nowMs)).toBe(false);
        expect(window.isOver(nowMs + windowMs)).toBe(true);
      }
    }),
  );
});

test('making parts shared changes no record', () => {
  const compact = createCompact();
  const text = fc.string({ maxLength: 5 });
  const record = fc.record(
    {
      service: text,
      node: text,
      url: text,
      zone: text,
      tags: fc.array(text, { maxLength: 2 }),
      models: fc.array(text, { maxLength: 2 }),
      metadata: fc.dictionary(text, fc.constantFrom(1, 'x', null)),
      checks: fc.subarray([httpCheck(), httpCheck({ name: 'b', url: 'http://a/' }), httpCheck({ name: 'c', port: 1 })]),
    },
    { requiredKeys: ['service', 'tags', 'models', 'metadata', 'checks'] },
  );
  fc.assert(
    fc.property(record, (fields) => {
      const full = { ...recordOf(), ...fields };
      expect(compact(full)).toEqual(full);
      expect(sameJson(compact(full), full)).toBe(true);
    }),
  );
});
