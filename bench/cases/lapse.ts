/**
 * A million leases, in services of two, run out in the same moment, beside another million that live on: half of everything,
 * which is as much as goes without the mass-expiry guard asking each address first.
 *
 * Asked all the while by one connection: services that die, services that live, heartbeats of the living. Figures: whether a
 * dead one is shown after the first was seen gone, how long until all removals are durable, and the longest request.
 */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Case, Row } from '../lib/case.ts';
import { heartbeatRequest, readRequest } from '../lib/classic.ts';
import { fill } from '../lib/fill.ts';
import { withServers } from '../lib/lives.ts';
import type { Server } from '../lib/pinned.ts';
import { probe } from '../lib/prober.ts';
import { serviceOf } from '../lib/records.ts';
import { startRegistry } from '../lib/registry.ts';
import { type Answer, type Ask, createAsker } from '../lib/sender.ts';

const TTL_MS = 30_000;
const DOOMED = { perService: 2, prefix: 'doomed' };
/** Doomed services that are asked for, spread evenly over all. */
const WATCHED = 200;
const GIVE_UP_MS = 120_000;

export const lapseCase: Case = {
  name: 'lapse',
  title: '1,000,000 leases lapse at once',
  async run(bench) {
    const instances = bench.size(1_000_000);
    const ttlMs = bench.smoke ? 3_000 : TTL_MS;
    bench.note(`filling in ${2 * instances} instances`);
    const filled = await fill(`${bench.scratch}/data`, [
      { instances, perService: 2, prefix: 'living' },
      { instances, ttlMs, ...DOOMED },
    ]);
    const seen: Seen[] = [];
    for (let round = 0; round < bench.rounds; round += 1) {
      // What a round removes must be there again for the next.
      const dir = join(bench.scratch, 'run');
      cpSync(filled.dir, dir, { recursive: true });
      bench.note(`lapse ${round + 1} of ${bench.rounds}`);
      const once = await withServers(async (keep) => {
        const registry = await keep(startRegistry({ dir }));
        return await registry.awake(async () => await watch(registry, { instances, ttlMs, ids: filled.ids }));
      });
      seen.push(once);
      rmSync(dir, { recursive: true });
    }
    return rowsOf(seen);
  },
};

interface Lapse {
  readonly instances: number;
  readonly ttlMs: number;
  readonly ids: readonly string[];
}

interface Seen {
  readonly quietMs: number;
  readonly longestMs: number;
  readonly shownAfter: number;
  readonly storedMs: number;
}

async function watch({ port }: Server, { instances, ttlMs, ids }: Lapse): Promise<Seen> {
  const { ask, close } = createAsker(port);
  const services = Array.from({ length: WATCHED }, (_, at) => serviceOf(Math.floor((at * instances) / WATCHED), DOOMED));
  const doomed = (number: number) => readRequest(services[number % WATCHED] ?? '');
  const others = [heartbeatRequest(ids[0] ?? ''), readRequest(serviceOf(0, { perService: 2, prefix: 'living' }))];
  const asked = (number: number) => (number % 2 === 0 ? doomed(number >> 1) : (others[(number >> 1) % others.length] ?? doomed(0)));

  const quietUntil = performance.now() + ttlMs / 3;
  const quiet = await probe(
    ask,
    (number) => (performance.now() < quietUntil ? asked(number) : undefined),
    () => undefined,
  );

  let goneAtMs: number | undefined;
  let shownAfter = 0;
  let storedAtMs: number | undefined;
  const counting = count(ask, instances, () => {
    storedAtMs = performance.now();
  });
  const giveUpAtMs = performance.now() + GIVE_UP_MS;
  const during = await probe(
    ask,
    (number) => (storedAtMs !== undefined || performance.now() > giveUpAtMs ? undefined : asked(number)),
    (answer, number) => {
      if (number % 2 !== 0) return;
      if (isShown(answer)) shownAfter += goneAtMs === undefined ? 0 : 1;
      else goneAtMs ??= performance.now();
    },
  );
  await counting.stop();
  close();
  if (goneAtMs === undefined || storedAtMs === undefined) throw new Error(`not all had gone after ${GIVE_UP_MS} ms`);
  return { quietMs: quiet.longestMs, longestMs: during.longestMs, shownAfter, storedMs: storedAtMs - goneAtMs };
}

/** The doomed of one service lapse in the same moment: shown is an answer with any of them. */
function isShown({ status, body }: Answer): boolean {
  return status === 200 && (JSON.parse(body) as { count: number }).count > 0;
}

/** Looks four times a second how many are left; calls back when it is the living alone. */
function count(ask: Ask, living: number, done: () => void): { readonly stop: () => Promise<void> } {
  const life = { running: true };
  const looking = (async () => {
    while (life.running) {
      const { body } = await ask({ method: 'GET', path: '/health' });
      if ((JSON.parse(body) as { registered_services: number }).registered_services <= living) return done();
      await pause(250);
    }
  })();
  return {
    async stop() {
      life.running = false;
      await looking;
    },
  };
}

function rowsOf(seen: readonly Seen[]): Row[] {
  const what = '1,000,000 leases lapse';
  const shown = seen.map(({ shownAfter }) => shownAfter);
  const stored = seen.map(({ storedMs }) => storedMs / 1_000);
  return [
    { what: `${what}: answers that showed one after the first had gone`, unit: 'answers', samples: shown, target: { atMost: 0 } },
    { what: `${what}: removals durable after`, unit: 's', samples: stored, target: { atMost: 15 } },
    { what: `${what}: longest request meanwhile`, unit: 'ms', samples: seen.map(({ longestMs }) => longestMs), target: { atMost: 20 } },
    { what: '  longest request before, in a quiet time', unit: 'ms', samples: seen.map(({ quietMs }) => quietMs) },
  ];
}
