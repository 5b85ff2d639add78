/**
 * One setting, and how its value is found: command line, then environment, then file, then default.
 *
 * Everything that knows settings (commander's options, `--help`, `--print-config`, the documentation's table) is derived
 * from a table of these, so a setting is declared once. An empty environment variable counts as unset. Every bad value
 * is reported, not only the first, each with its name as the user wrote it, the value, and what was expected; secrets
 * are named but never shown.
 */
import type { Kind } from './kinds.ts';

export interface Setting<T> {
  /** On the command line, without dashes. Absent: it has no flag (a password would be visible to all users). */
  readonly flag?: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
  readonly env?: string;
  /** Read after `env`: a variable that is not ours alone, with a syntax of its own. */
  readonly fallbackEnv?: { readonly name: string; readonly kind: Kind<T> };
  /** In the JSON file, with dots between levels. */
  readonly key?: string;
  readonly kind: Kind<T>;
  readonly fallback: T;
  readonly secret?: boolean;
  /** One line for people. */
  readonly doc: string;
}

// Method syntax in `Kind` makes a table of different settings assignable to this.
export type SettingTable = Readonly<Record<string, Setting<unknown>>>;

export type Values<S> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never };

export type Source =
  | { readonly from: 'flag'; readonly name: string }
  | { readonly from: 'environment'; readonly name: string }
  | { readonly from: 'file'; readonly name: string; readonly file: string }
  | { readonly from: 'default' };

export interface Resolved<S> {
  readonly values: Values<S>;
  readonly sources: { readonly [K in keyof S]: Source };
}

export interface Inputs {
  /** By flag, without dashes; every occurrence in order. */
  readonly flags: Readonly<Record<string, readonly string[]>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file?: ConfigFile;
}

/** A file that was read: its path as the user knows it, and its values by dotted key. */
export interface ConfigFile {
  readonly path: string;
  readonly entries: ReadonlyMap<string, unknown>;
}

/** The configuration cannot be used; the message is one line for people. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Throws `ConfigError` with every bad value in one line. */
export function resolve<S extends SettingTable>(table: S, inputs: Inputs): Resolved<S> {
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(table)) {
    const found = find(setting, inputs);
    if ('problem' in found) problems.push(found.problem);
    else {
      values[name] = found.value;
      sources[name] = found.source;
    }
  }
  if (problems.length > 0) throw new ConfigError(problems.join('; '));
  return { values, sources } as Resolved<S>;
}

/** The first of several variables that is set to something. */
export function envValue(env: Inputs['env'], name: string | undefined): string | undefined {
  const value = name === undefined ? undefined : env[name];
  return value === undefined || value.trim() === '' ? undefined : value.trim();
}

type Found = { readonly value: unknown; readonly source: Source } | { readonly problem: string };

function find(setting: Setting<unknown>, { flags, env, file }: Inputs): Found {
  const { kind, fallbackEnv, key } = setting;
  const given = setting.flag === undefined ? undefined : flags[setting.flag];
  if (setting.flag !== undefined && given !== undefined && given.length > 0) {
    const text = setting.repeatable === true ? given.join(',') : (given.at(-1) ?? '');
    return judge(setting, kind, kind.fromText(text), text, { from: 'flag', name: `--${setting.flag}` });
  }
  const own = envValue(env, setting.env);
  if (setting.env !== undefined && own !== undefined) {
    return judge(setting, kind, kind.fromText(own), own, { from: 'environment', name: setting.env });
  }
  const shared = envValue(env, fallbackEnv?.name);
  if (fallbackEnv !== undefined && shared !== undefined) {
    const source = { from: 'environment', name: fallbackEnv.name } as const;
    return judge(setting, fallbackEnv.kind, fallbackEnv.kind.fromText(shared), shared, source);
  }
  if (key !== undefined && file?.entries.has(key) === true) {
    const value = file.entries.get(key);
    return judge(setting, kind, kind.fromJson(value), value, { from: 'file', name: key, file: file.path });
  }
  return { value: setting.fallback, source: { from: 'default' } };
}

function judge(setting: Setting<unknown>, kind: Kind<unknown>, value: unknown, given: unknown, source: Source): Found {
  if (value !== undefined) return { value, source };
  return { problem: `${nameOf(source)}: ${describe(setting, given)}, expected ${kind.expected}` };
}

/** How the user wrote the setting's name. */
export function nameOf(source: Source): string {
  switch (source.from) {
    case 'flag':
    case 'environment':
      return source.name;
    case 'file':
      return `${source.file}: ${source.name}`;
    case 'default':
      return 'default';
  }
}

/** At most 80 characters of the value, on one line; a URL's password is no one's business. */
function describe(setting: Setting<unknown>, given: unknown): string {
  if (setting.secret === true) return 'bad value (not shown)';
  const shown = JSON.stringify(given).replace(/\/\/[^/@\s]*@/g, '//***@');
  return `got ${shown.length > 80 ? `${shown.slice(0, 77)}...` : shown}`;
}
