/** `rollcall restore`: a backup's records into a data directory that no registry has open. What was there is kept. */
import { registrySettings, resolve } from '@rollcall/registry/config';
import type { Command } from 'commander';
import { addSettings, givenFlags } from '../options.ts';
import { print } from '../output.ts';

export function addRestoreCommand(program: Command): void {
  const table = { dataDir: registrySettings.dataDir };
  const command = addSettings(program.command('restore'), table)
    .description('puts a backup into a data directory that no registry has open; what was there is kept beside it')
    .argument('<file>', 'what rollcall backup wrote')
    .addHelpText('after', '\nExample:\n  rollcall restore /var/backups/rollcall-monday.db --data-dir /var/lib/rollcall')
    .action(async (file: string) => {
      const { dataDir } = resolve(table, { flags: givenFlags(command, table), env: process.env }).values;
      const { restoreInto } = await import('@rollcall/registry');
      const { instances, intents, keptAs } = await restoreInto({ file, dir: dataDir });
      const former = keptAs === undefined ? '' : `; what was there is kept as ${keptAs}`;
      await print(`${instances} instances and ${intents} intents restored into ${dataDir}${former}\n`);
    });
}
