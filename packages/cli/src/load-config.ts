/** Finds the configuration of `rollcall registry` and `rollcall up`, or prints it where `--print-config` asks for that. */
import { printConfig, readConfigFile, registrySettings, type Resolved, resolve } from '@rollcall/registry/config';
import type { Command } from 'commander';
import { givenFlags } from './options.ts';
import { print } from './output.ts';

/** `undefined` when it was printed and nothing is left to do. Throws `ConfigError`. */
export async function loadConfig(command: Command): Promise<Resolved<typeof registrySettings> | undefined> {
  const flags = givenFlags(command, registrySettings);
  const { config } = registrySettings;
  const path = resolve({ config }, { flags, env: process.env }).values.config;
  const file = readConfigFile(registrySettings, path);
  const resolved = resolve(registrySettings, { flags, env: process.env, ...(file === undefined ? {} : { file }) });
  if (command.opts<{ readonly printConfig?: true }>().printConfig !== true) return resolved;
  await print(printConfig(registrySettings, resolved));
  return undefined;
}
