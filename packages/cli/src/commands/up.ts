/** `rollcall up`: what `npm start` calls. A registry with all that a newcomer needs to try it. */
import { type ListenAddress, listenAddress, type RegistryConfig, registrySettings } from '@rollcall/registry/config';
import type { Command } from 'commander';
import { loadConfig } from '../load-config.ts';
import { addSettings } from '../options.ts';
import type { OpenListener } from '../serve.ts';
import { version } from '../version.ts';

/** Where clients of the original Python registry look, unless they are told otherwise. */
const PYTHON_CLIENTS: ListenAddress = { host: '127.0.0.1', port: 8006 };

export function addUpCommand(program: Command): void {
  const command = program.command('up').description('a registry to start with; says which addresses answer what');
  addSettings(command, registrySettings)
    .option('--print-config', 'print every setting and where its value came from, and end')
    .addHelpText(
      'after',
      `\nIt also answers at ${listenAddress.show(PYTHON_CLIENTS)} when that is free.\n\nExamples:\n  rollcall up\n  rollcall up --store memory --log-level debug`,
    )
    .action(async () => {
      const resolved = await loadConfig(command);
      if (resolved === undefined) return;
      const { mainListeners, runRegistry } = await import('../serve.ts');
      const listeners = [
        ...mainListeners(resolved.values),
        { address: PYTHON_CLIENTS, dialects: ['classic', 'native'], ifFree: true } as const,
      ];
      await runRegistry(resolved.values, listeners, (open) => process.stderr.write(greeting(resolved.values, open)));
    });
}

function greeting(config: RegistryConfig, listeners: readonly OpenListener[]): string {
  const main = listeners.find(({ dialects }) => dialects.includes('classic'))?.url ?? '';
  const kept = config.store === 'memory' ? 'gone when it ends' : `kept in ${config.dataDir}`;
  const lines = listeners.map(({ url, dialects }) => {
    const paths = dialects.flatMap((dialect) => tried[dialect]);
    return `  ${url.padEnd(24)} ${dialects.join(' and ')}: ${paths.join(', ')}`;
  });
  const body = `{"service_name":"hello","base_url":"http://127.0.0.1:9000"}`;
  return [
    `Rollcall ${version} is running; registrations are ${kept}.`,
    ...lines,
    'Try:',
    `  curl -d '${body}' ${main}/register`,
    `  curl ${main}/services/hello`,
    '',
  ].join('\n');
}

const tried: Readonly<Record<OpenListener['dialects'][number], readonly string[]>> = {
  classic: ['/register', '/services', '/status', '/metrics'],
  infini: ['/services', '/stats'],
  native: ['/api/v1'],
};
