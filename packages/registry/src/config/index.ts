/** Configuration: what the rest of the program, and `packages/cli`, may use of it. */
export { DEFAULT_FILE, parseConfigFile, readConfigFile } from './file.ts';
export { asRegistryConfig, infiniSettings } from './infini-settings.ts';
export { type Kind, type ListenAddress, listenAddress } from './kinds.ts';
export { type LogLevel, logLevels } from './levels.ts';
export { type RegistryConfig, registrySettings, type StoreKind } from './registry-settings.ts';
export { ConfigError, envValue, resolve, type Resolved, type Setting, type SettingTable } from './setting.ts';
export { printConfig, settingsAsMarkdown, shownValue } from './show.ts';
