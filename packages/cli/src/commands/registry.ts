/** `rollcall registry`: a registry alone. */
import { registrySettings } from '@rollcall/registry/config';
import type { Command } from 'commander';
import { loadConfig } from '../load-config.ts';
import { addSettings } from '../options.ts';

export function addRegistryCommand(program: Command): void {
  const command = program.command('registry').description('a registry alone');
  addSettings(command, registrySettings)
    .option('--print-config', 'print every setting and where its value came from, and end')
    .addHelpText(
      'after',
      '\nA value comes from the command line, else the environment, else the file, else the default.\n' +
        '\nExamples:\n  rollcall registry' +
        '\n  rollcall registry --bind 0.0.0.0:8100 --bind 127.0.0.1:8006 --infini-bind off' +
        '\n  HEALTH_CHECK_INTERVAL=10 rollcall registry --data-dir /var/lib/rollcall --print-config',
    )
    .action(async () => {
      const resolved = await loadConfig(command);
      if (resolved === undefined) return;
      const { mainListeners, runRegistry } = await import('../serve.ts');
      await runRegistry(resolved.values, mainListeners(resolved.values));
    });
}
