/**
 * Settings for people: `--print-config`, and the table of the documentation. Secrets are never shown.
 */
import { nameOf, type Resolved, type Setting, type SettingTable, type Source } from './setting.ts';

/** One line a setting: name, value, and where the value came from. */
export function printConfig<S extends SettingTable>(table: S, { values, sources }: Resolved<S>): string {
  const rows = Object.entries(table).map(([name, setting]) => [
    titleOf(setting),
    shownValue(setting, (values as Readonly<Record<string, unknown>>)[name]),
    originOf((sources as Readonly<Record<string, Source>>)[name] ?? { from: 'default' }),
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return `${rows.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')).join('\n')}\n`;
}

/** The table of `docs`, in Markdown. */
export function settingsAsMarkdown(table: SettingTable): string {
  const rows = Object.values(table).map((setting) => {
    const { flag, env, fallbackEnv, key, kind, doc } = setting;
    const variables = [env, fallbackEnv?.name].filter((name) => name !== undefined);
    const cells = [
      flag === undefined ? '' : `\`--${flag} ${kind.placeholder}\``,
      variables.map((name) => `\`${name}\``).join(', '),
      key === undefined ? '' : `\`${key}\``,
      setting.fallback === undefined ? '' : `\`${shownValue(setting, setting.fallback)}\``,
      `${doc}. Takes ${kind.expected}`,
    ];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| flag | environment | key in the file | default | meaning |', '|---|---|---|---|---|', ...rows, ''].join('\n');
}

/** The setting's value as a user would write it. */
export function shownValue(setting: Setting<unknown>, value: unknown): string {
  if (value === undefined) return '(not set)';
  return setting.secret === true ? '(set, not shown)' : setting.kind.show(value);
}

function titleOf({ flag, env, key }: Setting<unknown>): string {
  return flag ?? env ?? key ?? '';
}

function originOf(source: Source): string {
  switch (source.from) {
    case 'flag':
      return `flag ${source.name}`;
    case 'environment':
      return `environment ${source.name}`;
    case 'file':
      return `file ${nameOf(source)}`;
    case 'default':
      return 'default';
  }
}
