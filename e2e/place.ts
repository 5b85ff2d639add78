/** A registry of its own for each test: its directory, its ports, and what tests ask of it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect } from 'vitest';
import { endAll, type Program, type ProgramOptions, start } from './program.ts';

export const freePorts = ['--bind', '127.0.0.1:0', '--infini-bind', '127.0.0.1:0'];

export interface Place {
  /** New for each test, and gone after it; whatever was started is killed before. */
  readonly directory: string;
  /** A durable registry in `directory`, on ports of its own. */
  registry(args?: readonly string[], options?: ProgramOptions): Program;
  /** Runs an operator's command to its end. */
  rollcall(
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
  ): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

/** Called once at the top of a test file. */
export function usePlace(): Place {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
  });
  afterEach(async () => {
    await endAll();
    rmSync(directory, { recursive: true, force: true });
  });
  return {
    get directory() {
      return directory;
    },
    registry(args = [], options = {}) {
      return start('rollcall', ['registry', ...freePorts, '--data-dir', join(directory, 'data'), ...args], { cwd: directory, ...options });
    },
    async rollcall(args, env = {}) {
      const program = start('rollcall', args, { cwd: directory, env });
      const { code } = await program.ended;
      return { code, out: program.stdout(), err: program.stderr() };
    },
  };
}

/** By the classic dialect; returns the id. */
export async function register(url: string, service = 'svc', baseUrl = 'http://127.0.0.1:9'): Promise<string> {
  const response = await fetch(`${url}/register`, { method: 'POST', body: JSON.stringify({ service_name: service, base_url: baseUrl }) });
  expect(response.status).toBe(201);
  return ((await response.json()) as { instance_id: string }).instance_id;
}

/** Ids that discovery answers with. */
export async function discoverable(url: string, service = 'svc'): Promise<readonly string[]> {
  const response = await fetch(`${url}/services/${service}`);
  return ((await response.json()) as { instances: { instance_id: string }[] }).instances.map((instance) => instance.instance_id);
}
