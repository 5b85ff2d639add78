/**
 * The entry of every bin: parses the command line, runs the command, and turns whatever goes wrong into one line and an
 * exit code (see `failure.ts`). Nothing heavy is imported here: a command loads what it needs when it runs.
 */
import { Command, CommanderError } from 'commander';
import { addBackupCommand } from './commands/backup.ts';
import { addOperatorCommands } from './commands/operator.ts';
import { addRegistryCommand } from './commands/registry.ts';
import { addRestoreCommand } from './commands/restore.ts';
import { addUpCommand } from './commands/up.ts';
import { explain } from './failure.ts';
import { infiniRegistryProgram } from './infini-registry.ts';
import { silenceSqliteWarning } from './sqlite-warning.ts';
import { version } from './version.ts';

export type ProgramName = 'rollcall' | 'infini-registry';

/** Resolves when the command has ended; the exit code is set, and the process ends by itself. */
export async function main(name: ProgramName, args: readonly string[]): Promise<void> {
  silenceSqliteWarning();
  surviveOutputErrors();
  try {
    await program(name).parseAsync(args, { from: 'user' });
  } catch (error) {
    fail(name, args, error);
  }
}

function program(name: ProgramName): Command {
  const command = plain(new Command(name));
  if (name === 'infini-registry') return infiniRegistryProgram(command);
  command.description('A service registry that speaks the dialects your services already speak');
  addUpCommand(command);
  addRegistryCommand(command);
  addOperatorCommands(command);
  addBackupCommand(command);
  addRestoreCommand(command);
  command.addHelpText(
    'after',
    '\nExamples:\n  rollcall up                      a registry on this machine, durable in ./rollcall-data' +
      '\n  rollcall instances               what is registered there' +
      '\n  rollcall registry --help         every setting',
  );
  return command;
}

/** What every program has; commands made of it inherit it. */
function plain(command: Command): Command {
  return command
    .version(version, '--version', 'print the version')
    .helpOption('--help', 'print this')
    .helpCommand(false)
    .exitOverride()
    .configureOutput({ outputError: () => undefined });
}

function fail(name: ProgramName, args: readonly string[], error: unknown): void {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return;
    process.exitCode = 2;
    // Called without a command, commander has printed the help.
    if (error.code === 'commander.help') return;
    const text = error.message.replace(/^error: /, '').replace(/\s*\n\s*/g, ' ');
    const of = args[0] !== undefined && /^[a-z]/.test(args[0]) && error.code !== 'commander.unknownCommand' ? `${name} ${args[0]}` : name;
    process.stderr.write(`${name}: ${text}; see ${of} --help\n`);
    return;
  }
  const { text, exitCode } = explain(error);
  process.stderr.write(`${name}: ${text}\n`);
  process.exitCode = exitCode;
}

/**
 * An error of standard output or error is no reason to end: a registry serves on without its log, and a reader that has
 * seen enough (`| head`) is no news. What was to be printed and could not be is told by `print`.
 */
function surviveOutputErrors(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
