/** Logging: what the rest of the program, and `packages/cli`, may use of it. */
export { logChanges } from './changes.ts';
export { type Log, openLog, type OpenLog } from './log.ts';
