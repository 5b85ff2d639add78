/** The native API's schemas and the types that come from them. */
export type { Immutable } from './immutable.ts';
export * from './instance.ts';
export * from './intent.ts';
export * from './lists.ts';
export * from './problem.ts';
export * from './problem-type.ts';
export * from './status.ts';
