/**
 * Reads of one service with ten instances while each of them sends two heartbeats a second, beside a server that gives the
 * same bytes and takes the same heartbeats.
 */
import { capture } from '../lib/capture.ts';
import type { Case } from '../lib/case.ts';
import { expectOk, heartbeatRequest, readRequest, registerAll } from '../lib/classic.ts';
import { compareLoads } from '../lib/compare-loads.ts';
import { startFloor } from '../lib/floor.ts';
import { withServers } from '../lib/lives.ts';
import { createLoad } from '../lib/load.ts';
import type { Server } from '../lib/pinned.ts';
import { startRegistry } from '../lib/registry.ts';
import { createAsker, meanwhile } from '../lib/sender.ts';

const INSTANCES = 10;
const HEARTBEAT_EVERY_MS = 500 / INSTANCES;

export const readCase: Case = {
  name: 'read',
  title: 'GET /services/{name}, 10 instances that send heartbeats',
  async run(bench) {
    const { seconds, scratch } = bench;
    return await withServers(async (keep) => {
      const registry = await keep(startRegistry({ dir: `${scratch}/data` }));
      const { ask, close } = createAsker(registry.port);
      const read = readRequest('service-0');
      const { ids, answer } = await registry.awake(async () => ({
        ids: await registerAll(ask, INSTANCES),
        answer: await capture(registry.port, read),
      }));
      close();
      const floor = await keep(startFloor('answer', answer, scratch));
      const load = createLoad({ requests: [read], connections: 64, seconds, scratch });

      async function measure(server: Server) {
        const sender = createAsker(server.port);
        let beat = 0;
        const heartbeat = async () => await expectOk(sender.ask, heartbeatRequest(ids[beat++ % ids.length] ?? ''));
        const sample = await server.awake(async () => await meanwhile(HEARTBEAT_EVERY_MS, heartbeat, async () => await load(server)));
        sender.close();
        return sample;
      }

      return await compareLoads(bench, {
        what: 'read, 10 instances',
        floor: async () => await measure(floor),
        measure: async () => await measure(registry),
        rps: { atLeast: 0.9 },
        p99: { atMost: 1.5 },
      });
    });
  },
};
