/** The contract of configuration: precedence, and that every bad value is named as its user wrote it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  asRegistryConfig,
  ConfigError,
  infiniSettings,
  parseConfigFile,
  printConfig,
  registrySettings,
  resolve,
  type Setting,
  settingsAsMarkdown,
  shownValue,
} from '../src/config/index.ts';

const FILE = 'config/service_registry.json';
const settings: readonly [string, Setting<unknown>][] = Object.entries(registrySettings);

/** Two good values of each setting, as text. */
const good: Readonly<Record<string, readonly [string, string]>> = {
  bind: ['0.0.0.0:9001', '[::1]:9002'],
  infiniBind: ['127.0.0.1:9003', 'off'],
  store: ['memory', 'embedded'],
  dataDir: ['/a', '/b'],
  config: ['/c.json', '/d.json'],
  logLevel: ['debug', 'off'],
  healthCheckFailures: ['2', '7'],
  maxConnections: ['20', '30'],
  hanaOdataUrl: ['https://a.example/x', 'http://b.example'],
  hanaUsername: ['u', 'v'],
  hanaPassword: ['p', 'q'],
  loadBalancingStrategy: ['random', 'least_latency'],
  circuitBreaker: ['true', 'false'],
};
const goodFor = (name: string): readonly [string, string] => good[name] ?? ['2.5', '44'];

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'nothing was refused';
}

function jsonFor(key: string, value: unknown): string {
  return JSON.stringify(key.split('.').reduceRight((inner: unknown, name) => ({ [name]: inner }), value));
}

/** A setting as it would stand in a file: numbers and truth values are not text there. */
function asJson(text: string): unknown {
  return /^(true|false|[\d.]+)$/.test(text) ? JSON.parse(text) : text;
}

describe('precedence', () => {
  test.each(settings)('%s: the command line beats the environment, that the file, that the default', (name, setting) => {
    const table = { it: setting };
    const [one, two] = goodFor(name);
    const file = setting.key === undefined ? {} : { file: parseConfigFile(table, FILE, jsonFor(setting.key, asJson(one))) };
    const env = setting.env === undefined ? {} : { [setting.env]: two };
    const flags = setting.flag === undefined ? {} : { [setting.flag]: [one] };
    const from = (inputs: Parameters<typeof resolve>[1]) => {
      const { values, sources } = resolve(table, inputs);
      return [shownValue(setting, values.it), sources.it.from];
    };
    const shown = (text: string) => shownValue(setting, setting.kind.fromText(text));

    expect(from({ flags: {}, env: {} })).toEqual([shownValue(setting, setting.fallback), 'default']);
    if (setting.key !== undefined) expect(from({ flags: {}, env: {}, ...file })).toEqual([shown(one), 'file']);
    if (setting.env !== undefined) expect(from({ flags: {}, env, ...file })).toEqual([shown(two), 'environment']);
    if (setting.flag !== undefined) expect(from({ flags, env, ...file })).toEqual([shown(one), 'flag']);
  });

  test('an empty environment variable counts as unset', () => {
    const { values, sources } = resolve(registrySettings, { flags: {}, env: { SERVICE_TTL: '', HANA_ODATA_URL: '  ' } });
    expect(values.serviceTtlMs).toBe(300_000);
    expect(values.hanaOdataUrl).toBeUndefined();
    expect(sources.serviceTtlMs).toEqual({ from: 'default' });
  });

  test('a repeated flag adds listeners; the last of any other counts', () => {
    const flags = { bind: ['127.0.0.1:1', '[::1]:2,:3'], store: ['memory', 'embedded'] };
    const { values } = resolve(registrySettings, { flags, env: {} });
    expect(values.bind).toEqual([
      { host: '127.0.0.1', port: 1 },
      { host: '::1', port: 2 },
      { host: '0.0.0.0', port: 3 },
    ]);
    expect(values.store).toBe('embedded');
  });

  test('the file of the original service-registry is read as it is printed in its documentation', () => {
    const text = `{ "bind_address": "0.0.0.0:8100", "health_check": { "interval_seconds": 30, "timeout_seconds": 5, "failure_threshold": 3 },
      "service_ttl_seconds": 300, "load_balancing": { "strategy": "round_robin", "enable_circuit_breaker": true } }`;
    const { values, sources } = resolve(registrySettings, { flags: {}, env: {}, file: parseConfigFile(registrySettings, FILE, text) });
    expect(values.bind).toEqual([{ host: '0.0.0.0', port: 8100 }]);
    expect(values.loadBalancingStrategy).toBe('round_robin');
    expect(values.circuitBreaker).toBe(true);
    expect(sources.healthCheckTimeoutMs).toEqual({ from: 'file', name: 'health_check.timeout_seconds', file: FILE });
  });
});

describe('bad values', () => {
  test.each(settings.filter(([name]) => name !== 'hanaPassword'))(
    '%s: the message has the name, the value and what was expected',
    (name, setting) => {
      const bad = setting.kind.fromText('\u0007nonsense') === undefined ? '\u0007nonsense' : '';
      const { expected } = setting.kind;
      const table = { [name]: setting };
      if (setting.flag !== undefined) {
        const message = messageOf(() => resolve(table, { flags: { [setting.flag ?? '']: [bad] }, env: {} }));
        expect(message).toBe(`--${setting.flag}: got ${JSON.stringify(bad)}, expected ${expected}`);
      }
      if (setting.env !== undefined) {
        const message = messageOf(() => resolve(table, { flags: {}, env: { [setting.env ?? '']: `${bad}x` } }));
        expect(message).toBe(`${setting.env}: got ${JSON.stringify(`${bad}x`)}, expected ${expected}`);
      }
      if (setting.key !== undefined) {
        const file = parseConfigFile(table, FILE, jsonFor(setting.key, [1]));
        expect(messageOf(() => resolve(table, { flags: {}, env: {}, file }))).toBe(
          `${FILE}: ${setting.key}: got [1], expected ${expected}`,
        );
      }
    },
  );

  test('all of them are told at once', () => {
    const message = messageOf(() =>
      resolve(registrySettings, { flags: { store: ['etcd'] }, env: { SERVICE_TTL: '0', HEALTH_CHECK_FAILURES: '1.5' } }),
    );
    expect(message).toMatch(/--store: got "etcd".*etcd, for several replicas.*; HEALTH_CHECK_FAILURES: got "1.5".*; SERVICE_TTL: got "0"/);
  });

  test.each(['8100', 'localhost', '::1:8100', '[::1]', '[nonsense]:1', 'host:65536', 'host:-1', 'a b:1', 'http://host:1', 'host:1/', ''])(
    '%j is no address to listen at',
    (text) => {
      expect(messageOf(() => resolve(registrySettings, { flags: { bind: [text] }, env: {} }))).toContain('--bind: got');
    },
  );

  test.each(['30s', '-1', '1e3', 'Infinity', 'NaN', '0x10', ' ', '604800.1', '0.999', '1,5'])('%j is no lease', (text) => {
    expect(messageOf(() => resolve(registrySettings, { flags: { 'service-ttl': [text] }, env: {} }))).toContain('--service-ttl: got');
  });

  test('no text at all makes a value out of range, or anything but a message', () => {
    const texts = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.double().map(String), fc.integer().map(String));
    fc.assert(
      fc.property(fc.constantFrom(...settings), texts, (setting, text) => {
        const [name, { flag }] = setting;
        if (flag === undefined) return;
        const message = messageOf(() => {
          const { values } = resolve({ [name]: setting[1] }, { flags: { [flag]: [text] }, env: {} });
          const value = values[name];
          expect(value).not.toBeUndefined();
          if (typeof value === 'number') expect(Number.isFinite(value) && value >= 0).toBe(true);
        });
        expect(message === 'nothing was refused' || message.startsWith(`--${flag}: `)).toBe(true);
        expect(message).not.toContain('\n');
      }),
      { numRuns: 500 },
    );
  });

  test('any JSON at all is a configuration or a message that names the file', () => {
    const keys = fc.constantFrom(
      'bind_address',
      'health_check',
      'service_ttl_seconds',
      'load_balancing',
      'interval_seconds',
      '__proto__',
      'x',
    );
    const json = fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.oneof(fc.jsonValue(), fc.dictionary(keys, fc.jsonValue()))));
    fc.assert(
      fc.property(json, (value) => {
        const message = messageOf(() =>
          resolve(registrySettings, { flags: {}, env: {}, file: parseConfigFile(registrySettings, FILE, JSON.stringify(value)) }),
        );
        expect(message === 'nothing was refused' || message.startsWith(`${FILE}: `)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});

describe('the file', () => {
  test.each([
    ['{"health_check": {"timout_seconds": 5}}', `unknown key "health_check.timout_seconds"`],
    ['{"bind_adress": "x"}', 'unknown key "bind_adress"'],
    ['{"__proto__": {}}', 'unknown key "__proto__"'],
    ['{"health_check": 5}', 'health_check: got 5, expected an object'],
    ['[]', 'expected a JSON object'],
    ['{"a": }', 'not valid JSON'],
    ['', 'not valid JSON'],
  ])('%s is refused', (text, reason) => {
    const message = messageOf(() => parseConfigFile(registrySettings, FILE, text));
    expect(message.startsWith(`${FILE}: `)).toBe(true);
    expect(message).toContain(reason);
  });

  test('numbers are numbers there, not text', () => {
    const file = parseConfigFile(registrySettings, FILE, '{"service_ttl_seconds": "300"}');
    expect(messageOf(() => resolve(registrySettings, { flags: {}, env: {}, file }))).toContain(`${FILE}: service_ttl_seconds: got "300"`);
  });
});

describe('secrets', () => {
  test('are never shown: not when printed, not in a message, not in a URL', () => {
    const env = { HANA_PASSWORD: 'hunter2', HANA_ODATA_URL: 'https://me:hunter2@hana.example/x' };
    const printed = printConfig(registrySettings, resolve(registrySettings, { flags: {}, env }));
    expect(printed).toContain('(set, not shown)');
    expect(printed).toContain('https://***@hana.example/x');
    expect(printed).not.toContain('hunter2');
    const bad = messageOf(() =>
      resolve(registrySettings, { flags: {}, env: { HANA_PASSWORD: 'hunter2\u0001x', HANA_ODATA_URL: 'ftp://me:hunter2@x' } }),
    );
    expect(bad).toContain('HANA_PASSWORD');
    expect(bad).toContain('HANA_ODATA_URL');
    expect(bad).not.toContain('hunter2');
  });

  test('no flag takes one, where every user of the machine could read it', () => {
    expect(settings.filter(([, { secret, flag }]) => secret === true && flag !== undefined)).toEqual([]);
  });
});

describe('infini-registry', () => {
  const base = resolve(registrySettings, { flags: {}, env: {} }).values;
  const configFor = (flags: Record<string, readonly string[]>, env: Record<string, string> = {}) =>
    asRegistryConfig(resolve(infiniSettings, { flags, env }), base);

  test('has the defaults of the original, and keeps records in memory', () => {
    expect(configFor({})).toMatchObject({
      bind: [],
      infiniBind: { host: '0.0.0.0', port: 8081 },
      store: 'memory',
      infiniHealthIntervalMs: 30_000,
      infiniHealthTimeoutMs: 5_000,
      infiniCleanupIntervalMs: 60_000,
      logLevel: 'info',
    });
  });

  test('has exactly the flags of the original', () => {
    expect(Object.values(infiniSettings).flatMap(({ flag }) => flag ?? [])).toEqual([
      'port',
      'health-interval',
      'health-timeout',
      'cleanup-interval',
    ]);
  });

  test('a data directory makes it durable, and an explicit store wins', () => {
    expect(configFor({}, { ROLLCALL_DATA_DIR: '/d' })).toMatchObject({ store: 'embedded', dataDir: '/d' });
    expect(configFor({}, { ROLLCALL_STORE: 'embedded' }).store).toBe('embedded');
    expect(configFor({}, { ROLLCALL_DATA_DIR: '/d', ROLLCALL_STORE: 'memory' }).store).toBe('memory');
  });

  test.each([
    ['info', 'info'],
    ['DEBUG', 'debug'],
    ['info,hyper=warn', 'info'],
    ['hyper=warn', 'info'],
    ['warn,infini_registry=debug', 'debug'],
    ['infini_registry=debug,warn', 'debug'],
    ['infini_registry', 'trace'],
    ['error/some text', 'error'],
    ['off', 'off'],
    ['tower_http', 'info'],
    [' info , hyper = warn ', 'info'],
  ])('RUST_LOG=%s means %s', (text, level) => {
    expect(configFor({}, { RUST_LOG: text }).logLevel).toBe(level);
  });

  test('RUST_LOG counts only when no other is set, and a bad level for us is named', () => {
    expect(configFor({}, { RUST_LOG: 'debug', SERVICE_REGISTRY_LOG_LEVEL: 'warn' }).logLevel).toBe('warn');
    expect(messageOf(() => configFor({}, { RUST_LOG: 'infini_registry=loud' }))).toContain('RUST_LOG: got "infini_registry=loud"');
  });
});

test('no two settings share a flag, a variable or a key', () => {
  for (const part of ['flag', 'env', 'key'] as const) {
    const names = settings.flatMap(([, setting]) => setting[part] ?? []);
    expect(new Set(names).size).toBe(names.length);
  }
});

test('the table for the documentation has a row for every setting', () => {
  expect(settingsAsMarkdown(registrySettings).trim().split('\n')).toHaveLength(settings.length + 2);
});
