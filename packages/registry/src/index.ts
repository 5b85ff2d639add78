/** The registry's parts, for whoever puts them together (`packages/cli`). Configuration is apart, in `./config`, for it is cheap to load. */
export { classicDialect } from './dialects/classic/routes.ts';
export { infiniDialect } from './dialects/infini/routes.ts';
export { nativeDialect } from './dialects/native/routes.ts';
export { type Log, logChanges, openLog, type OpenLog } from './log/index.ts';
export { createMetrics, type Metrics } from './metrics/index.ts';
export { createProbers, createProbeScheduler, createReach, createResolver } from './probe/index.ts';
export type { Dialect, DialectContext, DialectSettings } from './server/dialect.ts';
export { type Listener, openListener } from './server/frame.ts';
export { serverLimits, type ServerLimits } from './server/limits.ts';
export { restoreInto } from './store/embedded/restore.ts';
export { createEmbeddedStore } from './store/embedded/store.ts';
export { createMemoryStore } from './store/memory.ts';
