/** Commander's options, made from a table of settings; and what was given for them. */
import { type SettingTable, shownValue } from '@rollcall/registry/config';
import { type Command, Option } from 'commander';

/** Adds one option for every setting that has a flag. */
export function addSettings(command: Command, table: SettingTable): Command {
  for (const setting of Object.values(table)) {
    if (setting.flag === undefined) continue;
    const names = [setting.env, setting.fallbackEnv?.name].filter((name) => name !== undefined);
    const notes = [...names, ...(setting.fallback === undefined ? [] : [`default ${shownValue(setting, setting.fallback)}`])];
    const option = new Option(`--${setting.flag} <${setting.kind.placeholder}>`, `${setting.doc} (${notes.join('; ')})`);
    command.addOption(option.argParser((text: string, before: readonly string[] | undefined) => [...(before ?? []), text]));
  }
  return command;
}

/** Every occurrence of each flag, by flag. */
export function givenFlags(command: Command, table: SettingTable): Record<string, readonly string[]> {
  const options = command.opts<Record<string, readonly string[] | undefined>>();
  const flags: Record<string, readonly string[]> = {};
  for (const { flag } of Object.values(table)) {
    const given = flag === undefined ? undefined : options[new Option(`--${flag}`).attributeName()];
    if (flag !== undefined && given !== undefined) flags[flag] = given;
  }
  return flags;
}
