/**
 * Child processes on a core of their own: what is measured on the first, whatever makes load on the second.
 *
 * A server that is not being measured is stopped (SIGSTOP), so that it takes nothing from the one that is. CPU time and
 * memory are the kernel's figures, all threads together.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

export const SERVER_CORE = 0;
export const LOAD_CORE = 1;
/** The kernel's clock ticks; 100 a second on every Linux. */
const MS_A_TICK = 10;
const START_MS = 120_000;
const STOP_MS = 30_000;

/** `any`: whichever core is free. */
export type Core = number | 'any';

export interface Server {
  readonly pid: number;
  readonly port: number;
  /** CPU time so far, in ms. */
  cpuMs(): number;
  /** Resident set, in bytes. */
  rssBytes(): number;
  /** Runs `work` with this server alone awake. */
  awake<T>(work: () => Promise<T>): Promise<T>;
  stop(): Promise<void>;
}

export interface ServerPlan {
  readonly command: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** The port, from a line of its output that says that it listens. */
  readonly portIn: (line: string) => number | undefined;
  readonly core?: Core;
}

/** Moves this process to the load generator's core; what it starts inherits that. */
export function pinSelf(): void {
  spawnSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(LOAD_CORE), String(process.pid)]);
}

export function pinned(core: Core, command: readonly string[]): [file: string, args: string[]] {
  return ['taskset', ['--cpu-list', core === 'any' ? `${SERVER_CORE},${LOAD_CORE}` : String(core), ...command]];
}

/** Resolves once the server listens, paused. Rejects with the end of its output when it ends before. */
export async function startServer({ command, env, portIn, core = SERVER_CORE }: ServerPlan): Promise<Server> {
  const [file, args] = pinned(core, command);
  const child = spawn(file, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const port = await listening(child, portIn);
  const pid = child.pid ?? 0;
  process.kill(pid, 'SIGSTOP');
  let awake = 0;
  return {
    pid,
    port,
    cpuMs: () => cpuMs(pid),
    rssBytes: () => rssBytes(pid),
    async awake(work) {
      if (awake === 0) process.kill(pid, 'SIGCONT');
      awake += 1;
      try {
        return await work();
      } finally {
        awake -= 1;
        if (awake === 0 && child.exitCode === null) process.kill(pid, 'SIGSTOP');
      }
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      child.kill('SIGCONT');
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(timer);
    },
  };
}

async function listening(child: ChildProcess, portIn: ServerPlan['portIn']): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const said: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface(stream).on('line', (line) => {
      if (said.push(line) > 20) said.shift();
      const port = portIn(line);
      if (port !== undefined) resolve(port);
    });
  }
  child.once('error', reject);
  child.once('exit', (code) => reject(new Error(`${child.spawnargs.join(' ')} ended with ${code}:\n${said.join('\n')}`)));
  const timer = setTimeout(() => reject(new Error(`${child.spawnargs.join(' ')} does not listen:\n${said.join('\n')}`)), START_MS);
  try {
    return await promise;
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MS_A_TICK;
}

function rssBytes(pid: number): number {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) * 1_024;
}
