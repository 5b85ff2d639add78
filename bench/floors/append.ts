/**
 * The least that makes the same records durable: one line of JSON each, appended to a file, with `fdatasync` after each
 * group. Prints durable records a second. Arguments: writers, seconds, directory.
 */
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { runWriters } from '../parts/writers.ts';

const [writers, seconds, dir = ''] = process.argv.slice(2);
const file = await open(join(dir, 'appended.jsonl'), 'wx');
const rate = await runWriters({
  writers: Number(writers),
  seconds: Number(seconds),
  async commit(records) {
    await file.write(records.map((record) => `${JSON.stringify(record)}\n`).join(''));
    await file.datasync();
  },
});
await file.close();
console.log(JSON.stringify(rate));
