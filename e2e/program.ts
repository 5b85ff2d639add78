/**
 * Our programs as real processes: started by their bins, watched by their logs, ended by signals. Whoever starts one calls
 * `endAll` after each test, so that none outlives a test that failed.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly [field: string]: unknown;
}

export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Lines of standard output that the log wrote. */
  readonly log: readonly LogLine[];
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with the first line, past or to come, that `wanted` accepts; rejects when the program ends without one. */
  logged(wanted: (line: LogLine) => boolean): Promise<LogLine>;
  /** The URL of the listener that serves this dialect. */
  url(dialect: string): Promise<string>;
  /** Kills it, with all of its group where it has one. */
  kill(): void;
  /** Exit code and signal. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Sends SIGTERM and waits for the end. */
  stop(): Program['ended'];
}

export interface ProgramOptions {
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A process group of its own, as a terminal gives one to each command line. */
  readonly ownGroup?: boolean;
}

const programs = new Set<Program>();

/** Starts one of our bins. */
export function start(bin: 'rollcall' | 'infini-registry', args: readonly string[], options: ProgramOptions = {}): Program {
  return startCommand(process.execPath, [`${root}packages/cli/bin/${bin}.js`, ...args], options);
}

export function startCommand(
  command: string,
  args: readonly string[],
  { env = {}, cwd = root, ownGroup = false }: ProgramOptions = {},
): Program {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: ownGroup,
  });
  const log: LogLine[] = [];
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (piece) => {
    stdout += String(piece);
  });
  let waiting: {
    readonly wanted: (line: LogLine) => boolean;
    readonly resolve: (line: LogLine) => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  child.stderr.on('data', (piece) => {
    stderr += String(piece);
  });
  createInterface(child.stdout).on('line', (text) => {
    if (!text.startsWith('{"level"')) return;
    const line = JSON.parse(text) as LogLine;
    log.push(line);
    for (const { resolve } of waiting.filter(({ wanted }) => wanted(line))) resolve(line);
    waiting = waiting.filter(({ wanted }) => !wanted(line));
  });
  const ended = once(child, 'close').then(([code, signal]: (number | NodeJS.Signals | null)[]) => {
    for (const { reject } of waiting) reject(new Error(`the program ended (${code ?? signal}): ${stderr}`));
    waiting = [];
    programs.delete(program);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null };
  });
  const program: Program = {
    child,
    pid: child.pid ?? 0,
    log,
    stdout: () => stdout,
    stderr: () => stderr,
    logged(wanted) {
      const line = log.find(wanted);
      if (line !== undefined) return Promise.resolve(line);
      if (child.exitCode !== null || child.signalCode !== null) return Promise.reject(new Error(`the program has ended: ${stderr}`));
      return new Promise((resolve, reject) => waiting.push({ wanted, resolve, reject }));
    },
    async url(dialect) {
      const line = await program.logged(
        ({ message, dialects }) => message === 'Listening' && Array.isArray(dialects) && dialects.includes(dialect),
      );
      return String(line['url']);
    },
    ended,
    kill() {
      if (ownGroup) process.kill(-program.pid, 'SIGKILL');
      else child.kill('SIGKILL');
    },
    stop() {
      child.kill('SIGTERM');
      return ended;
    },
  };
  programs.add(program);
  return program;
}

/** Kills what a test left running. */
export async function endAll(): Promise<void> {
  const left = [...programs];
  for (const program of left) program.kill();
  await Promise.all(left.map(({ ended }) => ended));
}

/** Asks until `answer` is what is wanted; fails after a generous deadline with the last answer. */
export async function eventually<T>(ask: () => Promise<T>, wanted: (answer: T) => boolean, deadlineMs = 30_000): Promise<T> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    if (performance.now() > until) throw new Error(`not within ${deadlineMs} ms; the last answer was ${JSON.stringify(answer)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
