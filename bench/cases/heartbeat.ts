/** Heartbeats in turn of 100,000 instances, beside a server that reads each request's body and gives the same bytes. */
import { capture } from '../lib/capture.ts';
import type { Case } from '../lib/case.ts';
import { heartbeatRequest } from '../lib/classic.ts';
import { compareLoads } from '../lib/compare-loads.ts';
import { fill } from '../lib/fill.ts';
import { startFloor } from '../lib/floor.ts';
import { withServers } from '../lib/lives.ts';
import { createLoad } from '../lib/load.ts';
import { startRegistry } from '../lib/registry.ts';

export const heartbeatCase: Case = {
  name: 'heartbeat',
  title: 'POST /heartbeat/{id}, 100,000 instances alive',
  async run(bench) {
    const { seconds, scratch, size } = bench;
    return await withServers(async (keep) => {
      const { dir, ids } = await fill(`${scratch}/data`, [{ instances: size(100_000) }]);
      const requests = ids.map(heartbeatRequest);
      const registry = await keep(startRegistry({ dir }));
      const answer = await registry.awake(async () => await capture(registry.port, heartbeatRequest(ids[0] ?? '')));
      const floor = await keep(startFloor('read', answer, scratch));
      const load = createLoad({ requests, connections: 64, seconds, scratch });
      return await compareLoads(bench, {
        what: 'heartbeat, 100,000 instances',
        floor: async () => await load(floor),
        measure: async () => await load(registry),
        rps: { atLeast: 0.8 },
      });
    });
  },
};
