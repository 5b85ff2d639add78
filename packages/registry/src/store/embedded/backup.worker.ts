/** Copies one database into a new file and ends; what SQLite throws ends it with that error. */
import { DatabaseSync } from 'node:sqlite';
import { workerData } from 'node:worker_threads';

const { database: source, part } = workerData as { readonly database: string; readonly part: string };
const database = new DatabaseSync(source, { readOnly: true, timeout: 10_000 });
try {
  database.prepare('VACUUM INTO ?').run(part);
} finally {
  database.close();
}
