/**
 * Reads of one service with a thousand instances: at rest, and while every 10 ms one of them is deregistered or comes anew.
 * There is no target but that memory stays flat: the resident set after each round beside that after as many rounds at rest.
 */
import { capture } from '../lib/capture.ts';
import type { Bench, Case, Row } from '../lib/case.ts';
import { expectOk, readRequest, register, registerAll } from '../lib/classic.ts';
import { compareLoads } from '../lib/compare-loads.ts';
import { startFloor } from '../lib/floor.ts';
import { withServers } from '../lib/lives.ts';
import { createLoad } from '../lib/load.ts';
import type { Server } from '../lib/pinned.ts';
import { startRegistry } from '../lib/registry.ts';
import { type Ask, createAsker, meanwhile } from '../lib/sender.ts';

const CHANGE_EVERY_MS = 10;
const MIB = 1_048_576;

export const readLargeCase: Case = {
  name: 'read-large',
  title: 'GET /services/{name}, 1,000 instances, at rest and while one changes every 10 ms',
  async run(bench) {
    return await withServers(async (keep) => {
      const registry = await keep(startRegistry({ dir: `${bench.scratch}/data` }));
      const { ask, close } = createAsker(registry.port);
      const count = bench.size(1_000);
      const read = readRequest('service-0');
      const { ids, answer } = await registry.awake(async () => ({
        ids: await registerAll(ask, count, count),
        answer: await capture(registry.port, read),
      }));
      const floor = await keep(startFloor('answer', answer, bench.scratch));
      const rows = await measure(bench, { registry, floor, ask, ids });
      close();
      return rows;
    });
  },
};

interface Parts {
  readonly registry: Server;
  readonly floor: Server;
  readonly ask: Ask;
  readonly ids: string[];
}

async function measure(bench: Bench, { registry, floor, ask, ids }: Parts): Promise<Row[]> {
  const { seconds, scratch, note } = bench;
  const load = createLoad({ requests: [readRequest('service-0')], connections: 64, seconds, scratch });
  const target = { floor: async () => await load(floor) };
  note('at rest');
  const atRest = await compareLoads(bench, { ...target, what: 'read, 1,000 instances', measure: async () => await load(registry) });

  note('while one changes every 10 ms');
  const before = registry.rssBytes();
  const rss: number[] = [];
  const change = createChange(ask, ids);
  const changing = await compareLoads(bench, {
    ...target,
    what: 'read, 1,000 instances, one changes every 10 ms',
    async measure() {
      const sample = await registry.awake(async () => await meanwhile(CHANGE_EVERY_MS, change, async () => await load(registry)));
      rss.push(registry.rssBytes());
      return sample;
    },
  });
  const memory: Row = { what: '  memory after each round to memory before', unit: '×', samples: rss.map((bytes) => bytes / before) };
  const size: Row = { what: '  memory', unit: 'MiB', samples: rss.map((bytes) => bytes / MIB) };
  return [...atRest, ...changing, memory, size];
}

/** Takes one out and, at the next call, brings another in. */
function createChange(ask: Ask, ids: string[]): () => Promise<void> {
  const count = ids.length;
  return async () => {
    const gone = ids.length === count ? ids.shift() : undefined;
    if (gone === undefined) ids.push(await register(ask, 0, count));
    else await expectOk(ask, { method: 'DELETE', path: `/deregister/${gone}` });
  };
}
