import { afterEach, describe, expect, test } from 'vitest';
import type { Timer } from '../../src/probe/index.ts';
import { createSimulatedTime, recordOf } from './fixtures.ts';
import { DEAD, endScene, newScene, type Scene, WELL } from './scene.ts';

let scene: Scene;

afterEach(() => endScene(scene));

function begin(...given: Parameters<typeof newScene>): Scene {
  scene = newScene(...given);
  return scene;
}

const HTTP = { kind: 'http' } as const;

describe('when a check is probed', () => {
  test('a new registration within a second, those of many spread over it', async () => {
    const { time, registry, began } = begin();
    await time.advance(10_000);
    const startMs = time.monotonicMs();
    for (let slot = 0; slot < 100; slot += 1) registry.put({ slot, generation: 1 }, recordOf(`host-${slot}`, 80, [HTTP]));
    await time.advance(1_000);
    expect(new Set(began.map(({ id }) => id)).size).toBe(100);
    const offsets = began.map(({ atMs }) => atMs - startMs);
    expect(Math.min(...offsets)).toBeLessThan(100);
    expect(Math.max(...offsets)).toBeGreaterThan(900);
  });

  test('then every interval, with a tenth of jitter either way', async () => {
    const { time, registry, began } = begin();
    registry.put({ slot: 0, generation: 1 }, recordOf('host', 80, [HTTP]));
    await time.advance(30_000 * 200);
    const gaps = began.slice(1).map(({ atMs }, index) => atMs - (began[index]?.atMs ?? 0));
    expect(gaps.length).toBeGreaterThan(180);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(27_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(33_001);
    expect(Math.min(...gaps)).toBeLessThan(28_000);
    expect(Math.max(...gaps)).toBeGreaterThan(32_000);
  });

  test('what is there at the start is spread over one interval, and none is left out', async () => {
    const present = Array.from({ length: 3_000 }, (_, index) => recordOf(`host-${index}`, 80, [HTTP]));
    const { time, began } = begin(present);
    const startMs = time.monotonicMs();
    await time.advance(30_100);
    const first = new Map(began.toReversed().map(({ id, atMs }) => [id, atMs - startMs]));
    expect(first.size).toBe(3_000);
    for (const third of [0, 1, 2]) {
      const within = [...first.values()].filter((offsetMs) => Math.floor(offsetMs / 10_000) === third);
      expect(within.length).toBeGreaterThan(800);
    }
  });

  test('only checks that are active, each by its own interval', async () => {
    const { time, registry, began } = begin();
    const checks = [{ kind: 'reported' }, { kind: 'tcp', intervalMs: 1_000 }, { kind: 'grpc', intervalMs: 10_000 }] as const;
    registry.put({ slot: 0, generation: 1 }, recordOf('host', 80, checks));
    await time.advance(20_000);
    const count = (kind: string): number => began.filter(({ check }) => check === kind).length;
    expect(count('reported')).toBe(0);
    expect(count('tcp')).toBeGreaterThanOrEqual(17);
    expect(count('grpc')).toBeLessThanOrEqual(3);
    expect(registry.seen.every(({ check }) => check === 1 || check === 2)).toBe(true);
  });

  test('never twice at once, also when a probe takes longer than the interval', async () => {
    const { time, registry, most, began } = begin();
    registry.put({ slot: 0, generation: 1 }, recordOf('dead', 80, [{ kind: 'http', intervalMs: 1_000, timeoutMs: 5_000 }]));
    await time.advance(60_000);
    expect(most.get('dead')).toBe(1);
    expect(began.length).toBeGreaterThanOrEqual(11);
  });
});

describe('what is told', () => {
  test('outcomes go to the registry by reference and index, and are counted', async () => {
    const { time, registry, scheduler } = begin();
    registry.put({ slot: 0, generation: 7 }, recordOf('host', 80, [{ kind: 'reported' }, HTTP]));
    registry.put({ slot: 1, generation: 3 }, recordOf('dead', 80, [HTTP]));
    await time.advance(7_000);
    expect(registry.seen).toEqual([
      { ref: { slot: 0, generation: 7 }, check: 1, seen: WELL },
      { ref: { slot: 1, generation: 3 }, check: 0, seen: DEAD },
    ]);
    expect(scheduler.figures).toMatchObject({ checks: 2, inFlight: 0, waiting: 0, lagMs: 0, probes: 2, failures: 1 });
  });

  test('nothing, when a probe learned nothing', async () => {
    let calls = 0;
    const { time, registry } = begin([], {
      probe: async () => {
        calls += 1;
        return undefined;
      },
    });
    registry.put({ slot: 0, generation: 1 }, recordOf('host', 80, [HTTP]));
    await time.advance(40_000);
    expect(calls).toBe(2);
    expect(registry.seen).toEqual([]);
  });

  test('nothing of one whose generation moved: its probe is aborted, the new one is probed within a second', async () => {
    const { time, registry, aborted, began } = begin();
    const record = recordOf('dead', 80, [HTTP]);
    registry.put({ slot: 0, generation: 1 }, record);
    await time.advance(1_500);
    registry.put({ slot: 0, generation: 2 }, { ...record, weight: 2 });
    expect(aborted).toEqual([record.id]);
    await time.advance(1_000);
    expect(began).toHaveLength(2);
    await time.advance(6_000);
    expect(registry.seen).toEqual([{ ref: { slot: 0, generation: 2 }, check: 0, seen: DEAD }]);
  });

  test('nothing of one that was removed, and its slot can be used again', async () => {
    const { time, registry, began, scheduler } = begin();
    const record = recordOf('dead', 80, [HTTP]);
    registry.put({ slot: 0, generation: 1 }, record);
    await time.advance(1_500);
    registry.delete({ slot: 0, generation: 1 }, record);
    expect(scheduler.figures.checks).toBe(0);
    registry.put({ slot: 0, generation: 2 }, recordOf('other', 80, [HTTP]));
    // A late word about the one before does not touch the one after.
    registry.delete({ slot: 0, generation: 1 }, record);
    await time.advance(40_000);
    expect(registry.seen.map(({ ref }) => ref.generation)).toEqual([2, 2]);
    expect(began.filter(({ id }) => id === record.id)).toHaveLength(1);
  });

  test('a change that has nothing to do with probing leaves the plan as it is; another address makes a new one', async () => {
    const { time, registry, began } = begin();
    const record = recordOf('host', 80, [HTTP]);
    registry.put({ slot: 0, generation: 1 }, record);
    await time.advance(1_000);
    for (let weight = 2; weight < 20; weight += 1) {
      registry.put({ slot: 0, generation: 1 }, { ...structuredClone(record), weight });
      await time.advance(1_000);
    }
    expect(began).toHaveLength(1);
    registry.put({ slot: 0, generation: 1 }, { ...record, address: { ...record.address, port: 81 } });
    await time.advance(1_000);
    expect(began).toHaveLength(2);
  });

  test('one that is registered again and again is still probed, and at most once a second', async () => {
    const { time, registry, began } = begin();
    for (let generation = 1; generation <= 600; generation += 1) {
      registry.put({ slot: 0, generation }, { ...recordOf('host', 80, [HTTP]), weight: generation });
      await time.advance(100);
    }
    expect(began.length).toBeGreaterThan(20);
    expect(began.length).toBeLessThanOrEqual(60);
  });
});

describe('one slow or dead host delays nobody else', () => {
  test('a black hole with 1,000 instances: the others are probed on time, and the bounds hold', async () => {
    const dead = Array.from({ length: 1_000 }, (_, index) => recordOf('dead', index, [HTTP]));
    const well = Array.from({ length: 500 }, (_, index) => recordOf(`host-${index}`, 80, [HTTP]));
    const { time, began, most, scheduler } = begin([...dead, ...well], { concurrency: 32 });
    await time.advance(200_000);
    for (const { id } of well) {
      const times = began.filter((probe) => probe.id === id).map(({ atMs }) => atMs);
      expect(times.length).toBeGreaterThanOrEqual(5);
      const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
      expect(Math.max(...gaps)).toBeLessThan(33_100);
    }
    expect(most.get('dead')).toBe(8);
    expect(most.get('*')).toBeLessThanOrEqual(32);
    expect(scheduler.figures.fullHosts).toBe(1);
    expect(scheduler.figures.lagMs).toBeGreaterThan(60_000);
    // The dead host's own turn is taken by age: each of its instances once, before any a second time.
    const own = began.filter(({ id }) => id.startsWith('dead')).map(({ id }) => id);
    expect(new Set(own).size).toBe(own.length);
  });

  test('a hundred dead hosts: the others wait no longer than for their share', async () => {
    const dead = Array.from({ length: 800 }, (_, index) => recordOf(`dead-${index % 100}`, index, [HTTP]));
    const well = Array.from({ length: 200 }, (_, index) => recordOf(`host-${index}`, 80, [HTTP]));
    const { time, began, most } = begin([...dead, ...well], { concurrency: 32 });
    await time.advance(120_000);
    const afterMs = time.monotonicMs();
    await time.advance(120_000);
    for (const { id } of well) {
      const times = began.filter((probe) => probe.id === id && probe.atMs >= afterMs).map(({ atMs }) => atMs);
      const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
      expect(Math.max(...gaps)).toBeLessThan(33_100);
    }
    expect(most.get('*')).toBeLessThanOrEqual(32);
  });

  test('all spellings of this machine share one bound', async () => {
    const hosts = ['localhost', '0.0.0.0', '::', 'LOCALHOST', 'api.localhost'];
    let running = 0;
    let most = 0;
    const present = Array.from({ length: 100 }, (_, index) => recordOf(hosts[index % hosts.length] ?? '', index, [HTTP]));
    const { time } = begin(present, {
      probe: async (_record, _spec, signal) => {
        running += 1;
        most = Math.max(most, running);
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        running -= 1;
        return undefined;
      },
    });
    await time.advance(60_000);
    expect(most).toBe(8);
  });
});

describe('cost', () => {
  test('100,000 checks: one timer, none while nothing is due, all probed in their turn', async () => {
    const present = Array.from({ length: 100_000 }, (_, index) =>
      recordOf(`host-${index % 20_000}`, index, [{ kind: 'tcp', intervalMs: 3_600_000 }]),
    );
    let probes = 0;
    const { time, scheduler } = begin(present, {
      probe: () => {
        probes += 1;
        return Promise.resolve(WELL);
      },
    });
    await time.advance(1_000);
    expect(scheduler.figures.checks).toBe(100_000);
    const { timersSet } = time;
    await time.advance(10);
    expect(time.timers).toBe(1);
    expect(time.timersSet - timersSet).toBeLessThan(10);
    await time.advance(3_600_000);
    expect(probes).toBeGreaterThanOrEqual(100_000);
    expect(scheduler.figures.lagMs).toBeLessThan(100);
  });

  test('a thousand that are due at once begin in pieces', async () => {
    const time = createSimulatedTime();
    const turns: number[] = [];
    const timer: Timer = {
      after: (delayMs, run) =>
        time.after(delayMs, () => {
          const before = scene.began.length;
          run();
          turns.push(scene.began.length - before);
        }),
    };
    const { registry, began } = begin([], { random: () => 0, concurrency: 2_000, timer }, time);
    for (let slot = 0; slot < 1_000; slot += 1) registry.put({ slot, generation: 1 }, recordOf(`host-${slot}`, 80, [HTTP]));
    await time.advance(100);
    expect(began).toHaveLength(1_000);
    expect(Math.max(...turns)).toBe(32);
  });
});

describe('stop', () => {
  test('aborts what is in flight, leaves no timer and no listener, and tells nothing more', async () => {
    const { time, registry, scheduler, aborted } = begin();
    registry.put({ slot: 0, generation: 1 }, recordOf('dead', 80, [HTTP]));
    await time.advance(1_500);
    const timersBefore = time.timers;
    const ended = scheduler.stop();
    await time.advance(0);
    await ended;
    expect(aborted).toHaveLength(1);
    // Only the simulated probe's own is left.
    expect(time.timers).toBeLessThanOrEqual(timersBefore);
    expect(registry.listeners).toBe(0);
    await time.advance(100_000);
    expect(time.timers).toBe(0);
    expect(registry.seen).toEqual([]);
    await scheduler.stop();
  });
});
