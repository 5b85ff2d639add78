/** What is registered, for how long, how well. Pure: time, chance, store and reachability are passed in. */
export { type Clock, MAX_STEP_MS, TICK_MS } from './clock.ts';
export type { Command, InstancePatch, Outcome, RegistryError } from './commands.ts';
export { createRegistry } from './create-registry.ts';
export { targetKey } from './intents.ts';
export { type CountLimits, countLimits, INTENT_OUTLIVES_MS, REMEMBER_MS, valueLimits } from './limits.ts';
export type * from './model.ts';
export type * from './registry.ts';
export * from './store.ts';
