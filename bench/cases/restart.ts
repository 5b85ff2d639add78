/**
 * From starting the process to its first answer, with a million instances stored, beside a process that reads the same rows,
 * parses them and puts them into a map. Both on one core, and on two, since the registry's store has a thread of its own.
 */
import { join } from 'node:path';
import { alternate, compare } from '../lib/alternate.ts';
import type { Bench, Case, Row } from '../lib/case.ts';
import { fill } from '../lib/fill.ts';
import { withServers } from '../lib/lives.ts';
import { type Core, SERVER_CORE } from '../lib/pinned.ts';
import { serviceOf } from '../lib/records.ts';
import { startRegistry } from '../lib/registry.ts';
import { createAsker } from '../lib/sender.ts';
import { task } from '../lib/task.ts';

export const restartCase: Case = {
  name: 'restart',
  title: 'restart with 1,000,000 instances, to the first answer',
  async run(bench) {
    const instances = bench.size(1_000_000);
    bench.note(`filling in ${instances} instances`);
    const { dir } = await fill(join(bench.scratch, 'data'), [{ instances }]);
    const lastService = serviceOf(instances - 1);
    bench.note('on one core');
    const one = await measure(bench, { dir, lastService, core: SERVER_CORE, what: 'restart with 1,000,000 instances, one core' });
    bench.note('on two cores');
    return [...one, ...(await measure(bench, { dir, lastService, core: 'any', what: 'restart with 1,000,000 instances, two cores' }))];
  },
};

interface Start {
  readonly dir: string;
  readonly lastService: string;
  readonly core: Core;
  readonly what: string;
}

async function measure({ rounds }: Bench, { dir, lastService, core, what }: Start): Promise<Row[]> {
  const taken = await alternate(
    rounds,
    async () => await timed(async () => await task(core, 'floors/load.ts', dir)),
    async () => await untilAnswer(dir, lastService, core),
  );
  return compare(taken, { what, unit: 's', of: (value) => value, target: { atMost: 1.8 } });
}

/** To the first answer that shows the instance that was stored last; stopping is not counted. */
async function untilAnswer(dir: string, service: string, core: Core): Promise<number> {
  const began = performance.now();
  return await withServers(async (keep) => {
    const registry = await keep(startRegistry({ dir, core }));
    const { ask, close } = createAsker(registry.port);
    const { status } = await registry.awake(async () => await ask({ method: 'GET', path: `/services/${service}` }));
    const tookMs = performance.now() - began;
    close();
    if (status !== 200) throw new Error(`the first read was answered ${status}`);
    return tookMs / 1_000;
  });
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return (performance.now() - began) / 1_000;
}
