/**
 * The settings of `infini-registry`: the original's four flags and no others, its one listener on every interface, its
 * records in memory. `ROLLCALL_STORE` or `ROLLCALL_DATA_DIR` make it durable.
 */
import { whole } from './kinds.ts';
import { rustLog } from './levels.ts';
import { registrySettings, type RegistryConfig, type StoreKind } from './registry-settings.ts';
import type { Resolved, Setting } from './setting.ts';

const { store, dataDir, logLevel, infiniHealthIntervalMs, infiniHealthTimeoutMs, infiniCleanupIntervalMs } = registrySettings;

export const infiniSettings = {
  port: {
    flag: 'port',
    kind: whole(0, 65_535, 'PORT'),
    fallback: 8_081,
    doc: 'where it answers, on every interface',
  } satisfies Setting<number>,
  healthIntervalMs: onlyFlag('health-interval', infiniHealthIntervalMs),
  healthTimeoutMs: onlyFlag('health-timeout', infiniHealthTimeoutMs),
  cleanupIntervalMs: onlyFlag('cleanup-interval', infiniCleanupIntervalMs),
  store: withoutFlag<StoreKind>({ ...store, fallback: 'memory' }),
  dataDir: withoutFlag(dataDir),
  logLevel: withoutFlag({ ...logLevel, fallbackEnv: { name: 'RUST_LOG', kind: rustLog } }),
};

/** The same program's configuration, as `infini-registry` means it. */
export function asRegistryConfig({ values, sources }: Resolved<typeof infiniSettings>, base: RegistryConfig): RegistryConfig {
  const directoryAlone = sources.store.from === 'default' && sources.dataDir.from !== 'default';
  return {
    ...base,
    bind: [],
    infiniBind: { host: '0.0.0.0', port: values.port },
    store: directoryAlone ? 'embedded' : values.store,
    dataDir: values.dataDir,
    logLevel: values.logLevel,
    infiniHealthIntervalMs: values.healthIntervalMs,
    infiniHealthTimeoutMs: values.healthTimeoutMs,
    infiniCleanupIntervalMs: values.cleanupIntervalMs,
  };
}

function onlyFlag(flag: string, { kind, fallback, doc }: Setting<number>): Setting<number> {
  return { flag, kind, fallback, doc: doc.replace('infini dialect: ', '') };
}

function withoutFlag<T>({ flag: _, ...rest }: Setting<T>): Setting<T> {
  return rest;
}
