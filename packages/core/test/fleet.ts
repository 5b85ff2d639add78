/** A fleet of services that send heartbeats, and a network between them and the registry that can be cut. */
import type { Address, InstanceDraft, LeaseSpec, Reachability } from '@rollcall/core';
import { createWorld, draftOf, type World } from '@rollcall/testkit';

export const TTL_MS = 30_000;
export const fleetLease: LeaseSpec = { ttlMs: TTL_MS, removeAfterMs: 120_000, renewedBy: 'heartbeat', revivable: false };

export interface Fleet extends World {
  /** While true, no heartbeat arrives. */
  cut: boolean;
  /** What the guard's connects meet. */
  reachable: (address: Address) => Promise<Reachability>;
  /** Adds a service of `count` instances, whose heartbeats come every `everyMs`, spread evenly over that time. */
  add(service: string, count: number, fields?: Partial<InstanceDraft>, everyMs?: number): Promise<string[]>;
  /** Those of `ids` that are in discovery answers. */
  serving(ids: readonly string[]): string[];
  /** Scopes of which the guard's beginning or end was announced. */
  announced(kind: 'guard-began' | 'guard-ended'): string[];
}

export async function createFleet(): Promise<Fleet> {
  const world = await createWorld({ reach: (address) => fleet.reachable(address) });
  // What the world gives changes with a restart, so it is asked each time.
  const fleet: Fleet = Object.assign(Object.create(world) as World, {
    cut: false,
    reachable: async () => 'accepted',
    async add(service, count, fields = {}, everyMs = 10_000) {
      const ids = Array.from({ length: count }, (_, index) => `${service}-${index}`);
      for (const id of ids) {
        const draft = draftOf(id, { service, lease: fleetLease, ...fields });
        await world.register(draft);
        world.clock.every(everyMs, () => {
          if (!fleet.cut) void world.registry.heartbeat(draft.id);
        });
        await world.clock.advance(everyMs / count);
      }
      return ids;
    },
    serving: (ids) => ids.filter((id) => world.view(id)?.discoverable === true),
    announced: (kind) => world.notices.flatMap((notice) => (notice.kind === kind ? [notice.scope] : [])),
  } satisfies Omit<Fleet, keyof World>);
  return fleet;
}
