export { needs } from './needs.ts';
export { createSimulatedClock, settled, type SimulatedClock } from './clock.ts';
export { draftOf, httpCheck, instanceId, shortLease } from './records.ts';
export { type CommitFate, createSimStore, type SimDisk, type SimStore } from './sim-store.ts';
export { createWorld, type World, type WorldOptions } from './world.ts';
