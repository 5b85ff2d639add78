/**
 * Whether a heartbeat and a read cost the same however many instances there are: each size beside the smallest. Heartbeats are
 * of instances spread over all; reads are of the same hundred services at every size, since what differs otherwise is how many
 * answers fit in the cache.
 */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench, Case, Row } from '../lib/case.ts';
import { heartbeatRequest, readRequest } from '../lib/classic.ts';
import { compareLoads } from '../lib/compare-loads.ts';
import { fill } from '../lib/fill.ts';
import { type Keep, withServers } from '../lib/lives.ts';
import { createLoad, type Request } from '../lib/load.ts';
import type { Server } from '../lib/pinned.ts';
import { startRegistry } from '../lib/registry.ts';
import { serviceOf } from '../lib/records.ts';

const SERVICES = 100;
/** Cost within 1.3 ×, as requests a second. */
const FLAT = { atLeast: 1 / 1.3 };

export const scaleCase: Case = {
  name: 'scale',
  title: 'a heartbeat and a read at 1,000, 100,000 and 1,000,000 instances',
  async run(bench) {
    return await withServers(async (keep) => {
      const small = await start(bench, keep, 1_000);
      const rows: Row[] = [];
      for (const instances of [100_000, 1_000_000]) {
        const large = await start(bench, keep, bench.size(instances));
        const name = instances.toLocaleString('en-US');
        rows.push(...(await compare(bench, `heartbeat, ${name} to 1,000 instances`, [small, large], ({ beats }) => beats)));
        rows.push(...(await compare(bench, `read, ${name} to 1,000 instances`, [small, large], ({ reads }) => reads)));
      }
      return rows;
    });
  },
};

interface Sized {
  readonly server: Server;
  readonly beats: readonly Request[];
  readonly reads: readonly Request[];
}

async function start({ scratch, note }: Bench, keep: Keep, instances: number): Promise<Sized> {
  note(`filling in ${instances} instances`);
  const { dir, ids } = await fill(mkdtempSync(join(scratch, 'data-')), [{ instances }]);
  const every = Math.max(Math.floor(instances / SERVICES), 1);
  return {
    server: await keep(startRegistry({ dir })),
    beats: ids.map(heartbeatRequest),
    reads: Array.from({ length: Math.min(SERVICES, Math.ceil(instances / 10)) }, (_, at) => readRequest(serviceOf(at * every))),
  };
}

async function compare(
  bench: Bench,
  what: string,
  [small, large]: readonly [Sized, Sized],
  of: (sized: Sized) => readonly Request[],
): Promise<Row[]> {
  const { seconds, scratch } = bench;
  const loadOf = (sized: Sized) => createLoad({ requests: of(sized), connections: 64, seconds, scratch });
  const loads = { small: loadOf(small), large: loadOf(large) };
  return await compareLoads(bench, {
    what,
    floor: async () => await loads.small(small.server),
    measure: async () => await loads.large(large.server),
    rps: FLAT,
    percentiles: false,
  });
}
