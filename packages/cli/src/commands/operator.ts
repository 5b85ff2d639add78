/**
 * Commands that ask a running registry, over its native API: what is there, and an operator's will.
 *
 * Each prints a table, or with `--json` what the API answered. They find the registry by `--registry`, then
 * `REGISTRY_URL`, then the default.
 */
import type { Command } from 'commander';
import { type Api, createApi, DEFAULT_REGISTRY } from '../api.ts';
import { print, printJson } from '../output.ts';
import { harmless } from '../terminal.ts';
import { instancesText, instanceText, servicesText, statusText } from './render.ts';

interface Shared {
  readonly registry?: string;
  readonly json?: true;
}

export function addOperatorCommands(program: Command): void {
  ask(program, 'status', 'how the registry itself is')
    .addHelpText('after', '\nExamples:\n  rollcall status\n  rollcall status --json | jq .counts')
    .action(async (options: Shared) => {
      const status = await api(options).status();
      await (options.json ? printJson(status) : print(statusText(status)));
    });

  ask(program, 'services', 'every service, with how many instances it has')
    .addHelpText('after', '\nExamples:\n  rollcall services\n  rollcall services --registry http://10.0.0.5:8100')
    .action(async (options: Shared) => {
      const services = await api(options).services();
      await (options.json ? printJson(services) : print(servicesText(services)));
    });

  ask(program, 'instances', 'every instance, or those of one service')
    .argument('[service]', 'only those of this service')
    .addHelpText('after', '\nExamples:\n  rollcall instances\n  rollcall instances embedding --json')
    .action(async (service: string | undefined, options: Shared) => {
      const instances = await api(options).instances(service);
      await (options.json ? printJson(instances) : print(instancesText(instances, service)));
    });

  ask(program, 'show', 'one instance, with everything that is known of it')
    .argument('<id>', "the instance's id, as in rollcall instances")
    .addHelpText('after', '\nExample:\n  rollcall show 6f1c2a6e-6d0a-4f37-9a5d-8f7e8f7f2b11')
    .action(async (id: string, options: Shared) => {
      const instance = await api(options).instance(id);
      await (options.json ? printJson(instance) : print(instanceText(instance)));
    });

  ask(program, 'deregister', 'removes an instance for good; a service that is still running may register again')
    .argument('<id>', "the instance's id, as in rollcall instances")
    .addHelpText('after', '\nExample:\n  rollcall deregister 6f1c2a6e-6d0a-4f37-9a5d-8f7e8f7f2b11')
    .action(async (id: string, options: Shared) => {
      await api(options).deregister(id);
      await (options.json ? printJson({ id, deregistered: true }) : print(`${harmless(id)} is deregistered\n`));
    });

  addIntent(program, 'drain', 'draining', 'takes an instance out of discovery answers until it is undrained; restarts do not undo it');
  addIntent(program, 'undrain', 'serving', 'puts a drained instance back into discovery answers');
}

function addIntent(program: Command, name: string, intent: 'draining' | 'serving', description: string): void {
  ask(program, name, description)
    .argument('<id>', "the instance's id, as in rollcall instances")
    .option('--by-address', "for the instance's service and address: meets what registers there later, too")
    .option('--reason <text>', 'why, for other people')
    .addHelpText('after', `\nExamples:\n  rollcall ${name} api-7f9c\n  rollcall ${name} api-7f9c --by-address --reason "new disks"`)
    .action(async (id: string, options: Shared & { readonly byAddress?: true; readonly reason?: string }) => {
      const { byAddress, reason } = options;
      const instance = await api(options).setIntent(id, {
        intent,
        ...(reason === undefined ? {} : { reason }),
        ...(byAddress === undefined ? {} : { byAddress }),
      });
      if (options.json) return printJson(instance);
      const scope = byAddress === true ? ', and whatever its service registers at that address' : '';
      return print(`${harmless(id)} is ${intent}${scope}\n`);
    });
}

/** A command that asks a registry. */
function ask(program: Command, name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .option('--registry <url>', `which registry to ask (REGISTRY_URL; default ${DEFAULT_REGISTRY})`)
    .option('--json', 'print JSON, for programs');
}

function api({ registry }: Shared): Api {
  return createApi(registryUrl(registry));
}

export function registryUrl(given: string | undefined): string {
  return given ?? (process.env['REGISTRY_URL'] || DEFAULT_REGISTRY);
}
