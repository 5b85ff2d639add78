/**
 * `GET /stats`: how many instances there are, how many are well, and how they spread over statuses and hosts.
 *
 * Looks at every instance, in slices that leave the event loop free. Whoever asks meanwhile gets the same figures, and so does
 * who asks within `REUSE_MS` after while nothing has changed. Keys come from clients, so they are counted in maps.
 */
import type { Clock, Registry } from '@rollcall/core';
import { forEachPaced } from '../paced.ts';
import { shownStatus } from './encode.ts';

export interface Figures {
  readonly total_services: number;
  readonly healthy_services: number;
  readonly unhealthy_services: number;
  readonly status_distribution: Readonly<Record<string, number>>;
  readonly host_distribution: Readonly<Record<string, number>>;
}

/** How long figures are good while nothing changes: leases run out without a change. */
const REUSE_MS = 1_000;

export function createStats(registry: Registry, clock: Clock): () => Promise<Figures> {
  let counting: Promise<Figures> | undefined;
  let last: { readonly figures: Figures; readonly epoch: number; readonly atMs: number } | undefined;

  async function countNow(): Promise<Figures> {
    const { epoch } = registry;
    const figures = await count(registry);
    last = { figures, epoch, atMs: clock.monotonicMs() };
    return figures;
  }

  return () => {
    if (counting !== undefined) return counting;
    if (last !== undefined && last.epoch === registry.epoch && clock.monotonicMs() - last.atMs < REUSE_MS)
      return Promise.resolve(last.figures);
    counting = countNow().finally(() => {
      counting = undefined;
    });
    return counting;
  };
}

async function count(registry: Registry): Promise<Figures> {
  const statuses = new Map<string, number>();
  const hosts = new Map<string, number>();
  let total = 0;
  let healthy = 0;
  await forEachPaced(registry.instances(), (view) => {
    total += 1;
    if (view.discoverable) healthy += 1;
    increment(statuses, shownStatus(view));
    increment(hosts, view.record.address.host);
  });
  return {
    total_services: total,
    healthy_services: healthy,
    unhealthy_services: total - healthy,
    status_distribution: Object.fromEntries(statuses),
    host_distribution: Object.fromEntries(hosts),
  };
}

function increment(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
