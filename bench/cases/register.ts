/**
 * Durable registrations over HTTP, 64 and 1,000 at once, beside a server that reads and parses the same bodies, gives the same
 * bytes and stores nothing. Registry and store have one core between them, as the floor has.
 */
import { capture } from '../lib/capture.ts';
import type { Case, Row } from '../lib/case.ts';
import { registerRequest } from '../lib/classic.ts';
import { compareLoads } from '../lib/compare-loads.ts';
import { startFloor } from '../lib/floor.ts';
import { withServers } from '../lib/lives.ts';
import { createLoad } from '../lib/load.ts';
import { startRegistry } from '../lib/registry.ts';

const DIFFERENT = 100_000;

export const registerCase: Case = {
  name: 'register',
  title: 'POST /register, durable, 64 and 1,000 connections',
  async run(bench) {
    const { seconds, scratch, size, note } = bench;
    const requests = Array.from({ length: size(DIFFERENT) }, (_, number) => registerRequest(number));
    const rows: Row[] = [];
    for (const connections of [64, 1_000]) {
      note(`${connections} connections`);
      const taken = await withServers(async (keep) => {
        const registry = await keep(startRegistry({ dir: `${scratch}/data-${connections}` }));
        const answer = await registry.awake(async () => await capture(registry.port, registerRequest(0)));
        const floor = await keep(startFloor('parse', answer, scratch));
        const load = createLoad({ requests, connections, seconds, scratch });
        return await compareLoads(bench, {
          what: `registrations, ${connections} at once`,
          floor: async () => await load(floor),
          measure: async () => await load(registry),
          rps: { atLeast: 0.5 },
        });
      });
      rows.push(...taken);
    }
    return rows;
  },
};
