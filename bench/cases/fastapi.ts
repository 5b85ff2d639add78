/**
 * Seed 003's endpoints in FastAPI under uvicorn, in memory, beside ours, durable: reads of a service with ten instances, and
 * heartbeats. Once as Debian's packages `python3-fastapi` and `uvicorn` bring it, once with the fastest that Debian has for it.
 */
import { fileURLToPath } from 'node:url';
import type { Bench, Case, Row, Target } from '../lib/case.ts';
import { heartbeatRequest, readRequest, registerAll } from '../lib/classic.ts';
import { compareLoads } from '../lib/compare-loads.ts';
import { printedPort } from '../lib/floor.ts';
import { type Keep, withServers } from '../lib/lives.ts';
import { createLoad, type Request } from '../lib/load.ts';
import { type Server, startServer } from '../lib/pinned.ts';
import { startRegistry } from '../lib/registry.ts';
import { createAsker } from '../lib/sender.ts';

const INSTANCES = 10;
const program = fileURLToPath(new URL('../peers/fastapi_registry.py', import.meta.url));
/** uvicorn's event loop and HTTP parser. */
const PEERS = [
  { name: "FastAPI on uvicorn as Debian's packages bring it", flags: ['asyncio', 'h11'], rps: { atLeast: 10 } },
  { name: 'the same with uvloop and httptools', flags: ['uvloop', 'httptools'] },
] as const;

export const fastapiCase: Case = {
  name: 'fastapi',
  title: "seed 003's endpoints in FastAPI on uvicorn, beside ours",
  async run(bench) {
    const rows: Row[] = [];
    for (const peer of PEERS) {
      bench.note(peer.name);
      rows.push(...(await withServers(async (keep) => await compare(bench, peer, keep))));
    }
    return rows;
  },
};

type Peer = { readonly name: string; readonly flags: readonly string[]; readonly rps?: Target };

async function compare(bench: Bench, { name, flags, rps }: Peer, keep: Keep): Promise<Row[]> {
  const { seconds, scratch } = bench;
  const registry = await keep(startRegistry({ dir: `${scratch}/data-${flags.join('-')}` }));
  const peer = await keep(startServer({ command: ['/usr/bin/python3', program, ...flags], portIn: printedPort }));
  const ids = { registry: await instancesOf(registry), peer: await instancesOf(peer) };
  const plan = { connections: 64, seconds, scratch };

  async function rowsOf(what: string, requests: (of: readonly string[]) => Request[]): Promise<Row[]> {
    const loadRegistry = createLoad({ ...plan, requests: requests(ids.registry) });
    const loadPeer = createLoad({ ...plan, requests: requests(ids.peer) });
    return await compareLoads(bench, {
      what: `${what}, beside ${name}`,
      floor: async () => await loadPeer(peer),
      measure: async () => await loadRegistry(registry),
      ...(rps === undefined ? {} : { rps }),
      percentiles: false,
    });
  }

  const reads = await rowsOf('reads', () => [readRequest('service-0')]);
  return [...reads, ...(await rowsOf('heartbeats', (of) => of.map(heartbeatRequest)))];
}

async function instancesOf(server: Server): Promise<string[]> {
  const { ask, close } = createAsker(server.port);
  const ids = await server.awake(async () => await registerAll(ask, INSTANCES));
  close();
  return ids;
}
