/** The embedded store alone under writers: prints durable records a second. Arguments: writers, seconds, directory. */
import type { Revision, Row, StoreChange } from '@rollcall/core';
import { createEmbeddedStore } from '@rollcall/registry';
import { runWriters } from './writers.ts';

const [writers, seconds, dir = ''] = process.argv.slice(2);
const store = createEmbeddedStore({ dir });
await store.open(() => undefined);
let row = 0;
const rate = await runWriters({
  writers: Number(writers),
  seconds: Number(seconds),
  async commit(records) {
    const changes = records.map((record): StoreChange => {
      row += 1;
      return { kind: 'put', row: row as Row, record, standing: 0, goneAtMs: 0 };
    });
    await store.commit({ revision: row as Revision, changes });
  },
});
await store.close();
console.log(JSON.stringify(rate));
