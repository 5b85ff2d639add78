/**
 * The one way to start a worker thread, from sources and from the published bundle alike.
 *
 * A worker's file is named `*.worker.ts`; its owner names it relative to itself:
 * `startWorker(new URL('./writer.worker.ts', import.meta.url))`. Run as sources, that file is started. The bundle puts every
 * chunk and every worker side by side in one folder, so there the same URL, with `.js` at its end, is the bundled worker.
 * Bound: base names of workers are unique over all packages; the bundler refuses a second one.
 */
import { Worker, type WorkerOptions } from 'node:worker_threads';

const RUNS_AS_SOURCES = import.meta.url.endsWith('.ts');

/**
 * Node 22 warns about SQLite while the worker's modules are linked, before any code of ours could tell that one apart; it is
 * the only experimental part that workers use. Later ones do not warn and inherit what the process was started with.
 */
const QUIET: WorkerOptions = Number.parseInt(process.versions.node, 10) < 24 ? { execArgv: ['--disable-warning=ExperimentalWarning'] } : {};

/** Starts the worker; errors (a missing file, one thrown inside) arrive as the worker's `error` event. */
export function startWorker(source: URL, options: WorkerOptions = {}): Worker {
  return new Worker(workerFile(source, RUNS_AS_SOURCES), { ...QUIET, ...options });
}

/** Where the code of a worker is, as sources or bundled. */
export function workerFile(source: URL, runsAsSources: boolean): URL {
  if (!source.pathname.endsWith('.worker.ts')) throw new Error(`a worker's file is named *.worker.ts, not ${source.pathname}`);
  return runsAsSources ? source : new URL(source.href.replace(/\.ts$/, '.js'));
}
