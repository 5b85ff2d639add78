import { afterEach, describe, expect, test } from 'vitest';
import { recordOf } from './fixtures.ts';
import { DEAD, endScene, newScene, type Scene, WELL } from './scene.ts';

let scene: Scene;

afterEach(() => endScene(scene));

function begin(...given: Parameters<typeof newScene>): Scene {
  scene = newScene(...given);
  return scene;
}

const HTTP = { kind: 'http' } as const;

describe('on demand', () => {
  test('who asks at the same time shares one probe, which the registry sees too', async () => {
    const { time, registry, scheduler, began } = begin([], { random: () => 0.9 });
    const ref = { slot: 0, generation: 1 };
    registry.put(ref, recordOf('host', 80, [HTTP]));
    const asked = Promise.all(Array.from({ length: 50 }, () => scheduler.probeNow(ref, 0)));
    await time.advance(10);
    expect(await asked).toEqual(Array.from({ length: 50 }, () => WELL));
    expect(began).toHaveLength(1);
    expect(registry.seen).toHaveLength(1);
    // It counts as the first probe: the next comes an interval later.
    await time.advance(20_000);
    expect(began).toHaveLength(1);
    await time.advance(15_000);
    expect(began).toHaveLength(2);
  });

  test('at most one probe a second; within it the last outcome serves', async () => {
    const { time, registry, scheduler, began } = begin();
    const ref = { slot: 0, generation: 1 };
    registry.put(ref, recordOf('host', 80, [{ kind: 'http', intervalMs: 3_600_000 }]));
    for (let ask = 0; ask < 100; ask += 1) {
      const asked = scheduler.probeNow(ref, 0);
      await time.advance(100);
      expect(await asked).toEqual(WELL);
    }
    expect(began.length).toBeGreaterThanOrEqual(9);
    expect(began.length).toBeLessThanOrEqual(11);
  });

  test('undefined for a stale reference, an unknown check and one that the client reports', async () => {
    const { registry, scheduler } = begin();
    registry.put({ slot: 0, generation: 2 }, recordOf('host', 80, [{ kind: 'reported' }, HTTP]));
    expect(await scheduler.probeNow({ slot: 0, generation: 1 }, 1)).toBeUndefined();
    expect(await scheduler.probeNow({ slot: 0, generation: 2 }, 0)).toBeUndefined();
    expect(await scheduler.probeNow({ slot: 0, generation: 2 }, 5)).toBeUndefined();
    expect(await scheduler.probeNow({ slot: 9, generation: 2 }, 1)).toBeUndefined();
  });

  test('a host that takes all it is given on demand answers undefined at once, and its turn stays', async () => {
    const { time, registry, scheduler, began } = begin([], { random: () => 0.9 });
    for (let slot = 0; slot < 20; slot += 1) registry.put({ slot, generation: 1 }, recordOf('dead', slot, [HTTP]));
    const asked = Array.from({ length: 20 }, (_, slot) => scheduler.probeNow({ slot, generation: 1 }, 0));
    const beyond = await Promise.all(asked.slice(8));
    expect(beyond.every((outcome) => outcome === undefined)).toBe(true);
    expect(began).toHaveLength(8);
    await time.advance(20_000);
    expect(new Set(began.map(({ id }) => id)).size).toBe(20);
    expect(await asked[0]).toEqual(DEAD);
  });

  test('one that is removed while it is probed resolves with undefined', async () => {
    const { time, registry, scheduler } = begin();
    const ref = { slot: 0, generation: 1 };
    const record = recordOf('dead', 80, [HTTP]);
    registry.put(ref, record);
    const asked = scheduler.probeNow(ref, 0);
    registry.delete(ref, record);
    await time.advance(10);
    expect(await asked).toBeUndefined();
  });
});
