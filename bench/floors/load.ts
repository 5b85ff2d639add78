/** The least that brings a database's records back: read every row, parse it, put it into a map. Prints how many. */
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { InstanceRecord } from '@rollcall/core';

/** As the embedded store names it. */
const DATABASE = 'rollcall.db';

const [dir = ''] = process.argv.slice(2);
const database = new DatabaseSync(join(dir, DATABASE), { readOnly: true });
const statement = database.prepare('SELECT row, content FROM instances ORDER BY row');
statement.setReturnArrays(true);
const records = new Map<string, InstanceRecord>();
for (const columns of statement.iterate()) {
  // The statement returns arrays, though its type does not say so.
  const [, content] = columns as unknown as [number, string];
  const record = JSON.parse(content) as InstanceRecord;
  records.set(record.id, record);
}
console.log(`loaded ${records.size}`);
