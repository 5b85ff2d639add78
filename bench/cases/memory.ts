/**
 * What an instance costs in memory: the resident set of a registry that has opened a million plain registrations (services of
 * ten), after each of a tenth of them has sent a heartbeat and each of a thousand services has been read, over all instances.
 */
import type { Case } from '../lib/case.ts';
import { heartbeatRequest, readRequest } from '../lib/classic.ts';
import { fill } from '../lib/fill.ts';
import { withServers } from '../lib/lives.ts';
import { createLoad } from '../lib/load.ts';
import { startRegistry } from '../lib/registry.ts';
import { serviceOf } from '../lib/records.ts';

const KB = 1_000;
const MIB = 1_048_576;

export const memoryCase: Case = {
  name: 'memory',
  title: '1,000,000 instances: resident memory an instance',
  async run({ rounds, seconds, scratch, size, note }) {
    const instances = size(1_000_000);
    note(`filling in ${instances} instances`);
    const { dir, ids } = await fill(`${scratch}/data`, [{ instances }]);
    const reads = Array.from({ length: Math.ceil(instances / 1_000) }, (_, index) => readRequest(serviceOf(index * 10)));
    const heartbeats = createLoad({ requests: ids.map(heartbeatRequest), connections: 64, seconds, scratch });
    const read = createLoad({ requests: reads, connections: 64, seconds, scratch });
    const opened: number[] = [];
    const used: number[] = [];
    const empty: number[] = [];
    for (let round = 0; round < rounds; round += 1) {
      note(`start ${round + 1} of ${rounds}`);
      await withServers(async (keep) => {
        const none = await keep(startRegistry({ dir: `${scratch}/empty-${round}` }));
        const registry = await keep(startRegistry({ dir }));
        opened.push(registry.rssBytes() / instances / KB);
        await heartbeats(registry);
        await read(registry);
        used.push(registry.rssBytes() / instances / KB);
        empty.push(none.rssBytes() / MIB);
      });
    }
    return [
      { what: 'memory an instance, of 1,000,000, after load', unit: 'KB', samples: used, target: { atMost: 1 } },
      { what: '  just opened', unit: 'KB', samples: opened },
      { what: '  a registry without instances, in all', unit: 'MiB', samples: empty },
    ];
  },
};
