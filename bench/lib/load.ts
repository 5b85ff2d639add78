/**
 * Load by wrk, pinned to the core that servers do not use.
 *
 * A closed loop: each connection sends its next request when the one before is answered, so the percentiles are those of
 * a server kept at its limit, and leave out what would have waited in a queue (coordinated omission); they compare two
 * servers under the same loop, nothing else. The generator's own CPU share is measured by the shell that runs it: as long
 * as that is below 100 % of its core while the server's is at 100, the server is what limits.
 */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { LOAD_CORE, pinned, type Server } from './pinned.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('./load.lua', import.meta.url));

export interface Request {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** JSON. */
  readonly body?: string;
}

export interface LoadPlan {
  /** Sent in turn. */
  readonly requests: readonly Request[];
  readonly connections: number;
  readonly seconds: number;
  /** A directory for the list of requests. */
  readonly scratch: string;
}

export interface LoadSample {
  readonly rps: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Percent of one core. */
  readonly serverCpu: number;
  readonly generatorCpu: number;
}

/** Returns what loads one server with these requests, each time it is called. */
export function createLoad({ requests, connections, seconds, scratch }: LoadPlan): (server: Server) => Promise<LoadSample> {
  const list = join(scratch, `requests-${listed++}.txt`);
  writeFileSync(list, `${requests.map(({ method, path, body = '' }) => `${method} ${path} ${body}`).join('\n')}\n`);
  return async (server) =>
    await server.awake(async () => {
      const beforeMs = server.cpuMs();
      const began = performance.now();
      const wrk = ['wrk', '--threads', '1', '--connections', String(connections), '--duration', `${seconds}s`, '--timeout', '30s'];
      const [file, args] = pinned(LOAD_CORE, [...wrk, '--script', script, `http://127.0.0.1:${server.port}`, '--', list]);
      // The shell's own `time`, for the kernel tells a parent only of children that it has waited for.
      const timed = await run('bash', ['-c', 'TIMEFORMAT=\'cpu %U %S\'; time "$@"', 'bash', file, ...args]);
      const tookMs = performance.now() - began;
      return sampleOf(timed, { cpuMs: server.cpuMs() - beforeMs, tookMs });
    });
}

let listed = 0;

interface Figures {
  readonly requests: number;
  readonly durationUs: number;
  readonly failed: number;
  readonly non2xx: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

function sampleOf({ stdout, stderr }: { stdout: string; stderr: string }, server: { cpuMs: number; tookMs: number }): LoadSample {
  const figures = JSON.parse(/^figures (.*)$/m.exec(stdout)?.[1] ?? 'null') as Figures | null;
  if (figures === null) throw new Error(`wrk said nothing of use:\n${stdout}${stderr}`);
  const { requests, durationUs, failed, non2xx } = figures;
  if (requests === 0 || failed > 0 || non2xx > 0) throw new Error(`${requests} requests, ${failed} failed, ${non2xx} not answered 2xx`);
  const [, user, system] = /^cpu (\S+) (\S+)$/m.exec(stderr) ?? [];
  return {
    rps: requests / (durationUs / 1e6),
    p50Ms: figures.p50Us / 1e3,
    p99Ms: figures.p99Us / 1e3,
    serverCpu: (server.cpuMs / server.tookMs) * 100,
    generatorCpu: ((Number(user) + Number(system)) * 1e8) / durationUs,
  };
}
