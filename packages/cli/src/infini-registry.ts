/** `infini-registry`: the registry under the original's name, with exactly its flags, defaults and port. */
import { asRegistryConfig, infiniSettings, registrySettings, resolve } from '@rollcall/registry/config';
import type { Command } from 'commander';
import { addSettings, givenFlags } from './options.ts';

export function infiniRegistryProgram(command: Command): Command {
  addSettings(command, infiniSettings)
    .description('The registry of the infini router: one listener on every interface, records in memory')
    .addHelpText(
      'after',
      '\nEnvironment: RUST_LOG or SERVICE_REGISTRY_LOG_LEVEL; ROLLCALL_DATA_DIR (a directory) or ROLLCALL_STORE=embedded keep the records.\n' +
        '\nExamples:\n  infini-registry\n  infini-registry --port 8901 --health-interval 60\n  RUST_LOG=debug infini-registry',
    );
  return command.action(async () => {
    const resolved = resolve(infiniSettings, { flags: givenFlags(command, infiniSettings), env: process.env });
    const defaults = resolve(registrySettings, { flags: {}, env: {} }).values;
    const config = asRegistryConfig(resolved, defaults);
    const { infiniListeners, runRegistry } = await import('./serve.ts');
    await runRegistry(config, infiniListeners(config));
  });
}
