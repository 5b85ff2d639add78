/**
 * The JSON configuration file. Its keys are those of the original service-registry and no others: an unknown key is a
 * typing error that would otherwise be found in production. Bound: 1 MiB.
 */
import { readFileSync, statSync } from 'node:fs';
import { ConfigError, type ConfigFile, type SettingTable } from './setting.ts';

/** Read when it exists and no other is named; relative to the working directory. */
export const DEFAULT_FILE = 'config/service_registry.json';
const MAX_BYTES = 1_048_576;

/** Reads `path`, or the default file when it is there. Throws `ConfigError` naming the file, and the key where there is one. */
export function readConfigFile(table: SettingTable, path: string | undefined): ConfigFile | undefined {
  const content = path === undefined ? readIfThere(DEFAULT_FILE) : readText(path);
  return content === undefined ? undefined : parseConfigFile(table, path ?? DEFAULT_FILE, content);
}

export function parseConfigFile(table: SettingTable, path: string, content: string): ConfigFile {
  let json: unknown;
  try {
    json = JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new ConfigError(`${path}: not valid JSON (${error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error)})`);
  }
  if (!isObject(json)) throw new ConfigError(`${path}: expected a JSON object`);
  const known = new Set(Object.values(table).flatMap(({ key }) => (key === undefined ? [] : [key])));
  const entries = new Map<string, unknown>();
  collect(json, '', known, path, entries);
  return { path, entries };
}

function collect(object: object, prefix: string, known: ReadonlySet<string>, path: string, entries: Map<string, unknown>): void {
  for (const [name, value] of Object.entries(object)) {
    const key = prefix + name;
    if (known.has(key)) entries.set(key, value);
    else if (![...known].some((other) => other.startsWith(`${key}.`))) {
      throw new ConfigError(`${path}: unknown key ${JSON.stringify(key)}; known are ${[...known].sort().join(', ')}`);
    } else if (!isObject(value)) throw new ConfigError(`${path}: ${key}: got ${JSON.stringify(value).slice(0, 80)}, expected an object`);
    else collect(value, `${key}.`, known, path, entries);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readIfThere(path: string): string | undefined {
  try {
    statSync(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
  }
  return readText(path);
}

function readText(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES) throw new ConfigError(`${path}: ${size} bytes, expected at most ${MAX_BYTES}`);
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError(`cannot read the configuration file ${path}: ${reasons[codeOf(error)] ?? codeOf(error)}`);
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file (name another with --config)',
  ENOTDIR: 'there is no such file (name another with --config)',
  EACCES: 'permission denied (make it readable for this user)',
  EISDIR: 'it is a directory (name a file with --config)',
};

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
