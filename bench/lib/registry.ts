/** Starts the registry as its users do, by the command, on a data directory. */
import { fileURLToPath } from 'node:url';
import { type Core, type Server, startServer } from './pinned.ts';

const bin = fileURLToPath(new URL('../../packages/cli/bin/rollcall.js', import.meta.url));

export interface RegistryPlan {
  readonly dir: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly core?: Core;
  readonly nodeFlags?: readonly string[];
}

/** So that nothing lapses that is not meant to. */
export const LONG_TTL = { HEARTBEAT_TIMEOUT: '86400' };

export function registryCommand({ dir, nodeFlags = [] }: RegistryPlan): string[] {
  const flags = ['--bind', '127.0.0.1:0', '--infini-bind', 'off', '--data-dir', dir, '--log-level', 'info'];
  return [process.execPath, ...nodeFlags, bin, 'registry', ...flags];
}

export async function startRegistry(plan: RegistryPlan): Promise<Server> {
  const { env = LONG_TTL, core } = plan;
  return await startServer({ command: registryCommand(plan), env, portIn: loggedPort, ...(core === undefined ? {} : { core }) });
}

/** From the log line that says which address answers. */
export function loggedPort(line: string): number | undefined {
  const [, port] = /"url":"http:\/\/127\.0\.0\.1:(\d+)\/?"/.exec(line) ?? [];
  return port === undefined ? undefined : Number(port);
}
