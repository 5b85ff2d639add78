import type { InstanceId, InstanceRef } from '@rollcall/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BY_HOST, BY_URL, type ClassicHouse, openClassicHouse } from './classic-house.ts';

let house: ClassicHouse;
beforeEach(async () => {
  house = await openClassicHouse();
});
afterEach(() => house.close());

const statusOf = async (service: string) => (await house.shown(service, '?all=true'))[0]?.status;

function observe(id: string, state: 'passing' | 'failing', times = 1): void {
  const ref = house.registry.instance(id as InstanceId)?.ref as InstanceRef;
  for (let seen = 0; seen < times; seen += 1) house.registry.observe(ref, 0, { state });
}
/** Until what was decided inside is applied. */
const settled = () => house.advance(100);

describe('a registration with base_url', () => {
  test('is discoverable for 30 s after its last heartbeat, then unhealthy, then gone', async () => {
    const id = await house.register(BY_URL);
    await house.advance(29_000);
    expect(await house.heartbeat(id)).toBe(200);
    await house.advance(29_000);
    expect(await house.ids('users')).toEqual([id]);
    await house.advance(2_000);
    expect(await house.ids('users')).toEqual([]);
    expect(await statusOf('users')).toBe('unhealthy');
    expect((await house.ask('GET', '/health')).body).toMatchObject({ registered_services: 1, healthy_services: 0 });
    await house.advance(60_000);
    expect(await house.shown('users', '?all=true')).toEqual([]);
    expect(await house.heartbeat(id)).toBe(404);
  });

  test('comes back with a heartbeat that is late, but not too late', async () => {
    const id = await house.register(BY_URL);
    await house.advance(40_000);
    expect(await house.ids('users')).toEqual([]);
    expect(await house.heartbeat(id)).toBe(200);
    expect(await house.ids('users')).toEqual([id]);
  });
});

describe('a registration with host and port', () => {
  test('is discoverable for 300 s', async () => {
    const id = await house.register(BY_HOST);
    await house.advance(299_000);
    expect(await house.ids('billing')).toEqual([id]);
    await house.advance(2_000);
    expect(await house.ids('billing')).toEqual([]);
    expect(await statusOf('billing')).toBe('unhealthy');
  });

  test('that never sends a heartbeat lives while its checks pass', async () => {
    const id = await house.register(BY_HOST);
    for (let round = 0; round < 5; round += 1) {
      await house.advance(200_000);
      observe(id, 'passing');
      expect(await house.ids('billing')).toEqual([id]);
    }
    await house.advance(302_000);
    expect(await house.ids('billing')).toEqual([]);
  });

  test('that sends heartbeats lives by them, and no longer by its checks', async () => {
    const id = await house.register(BY_HOST);
    expect(await house.heartbeat(id)).toBe(200);
    await house.advance(200_000);
    observe(id, 'passing');
    await house.advance(102_000);
    expect(await house.ids('billing')).toEqual([]);
  });

  test('is unhealthy after three failed checks in a row, and healthy after one that passes', async () => {
    const id = await house.register(BY_HOST);
    observe(id, 'failing', 2);
    await settled();
    expect(await house.ids('billing')).toEqual([id]);
    observe(id, 'failing');
    await settled();
    expect(await house.ids('billing')).toEqual([]);
    expect(await statusOf('billing')).toBe('unhealthy');
    observe(id, 'passing');
    await settled();
    expect(await house.ids('billing')).toEqual([id]);
  });

  test('that expired is brought back by a heartbeat within a day, not when it was deregistered', async () => {
    const id = await house.register({ ...BY_HOST, metadata: { kept: true } });
    await house.advance(400_000);
    expect(await house.shown('billing', '?all=true')).toEqual([]);
    expect(await house.heartbeat(id)).toBe(200);
    expect(await house.shown('billing')).toMatchObject([{ instance_id: id, metadata: { kept: true } }]);
    expect((await house.ask('DELETE', `/deregister/${id}`)).status).toBe(200);
    expect(await house.heartbeat(id)).toBe(404);
  });

  test('of which checks alone keep nine at one address alive loses the oldest', async () => {
    const made = [];
    for (let replica = 0; replica < 9; replica += 1) made.push(await house.register(BY_HOST));
    expect(await house.ids('billing')).toEqual(made.slice(1));
    await house.register({ ...BY_HOST, port: 8_501 });
    expect(await house.ids('billing')).toHaveLength(9);
  });
});

describe('an intent', () => {
  test.each(['draining', 'maintenance'] as const)(
    'of %s takes an instance out of discovery at once and shows as its status',
    async (intent) => {
      const [id, other] = [await house.register(BY_URL), await house.register(BY_URL)];
      expect(await house.ids('users')).toEqual([id, other]);
      const target = { kind: 'instance', id: id as InstanceId } as const;
      await house.registry.submit({ kind: 'intent', target, intent });
      expect(await house.ids('users')).toEqual([other]);
      expect((await house.shown('users', '?all=true')).map(({ status }) => status)).toEqual([intent, 'healthy']);
      await house.registry.submit({ kind: 'intent', target, intent: 'serving' });
      expect(await house.ids('users')).toEqual([id, other]);
    },
  );
});
