/** Probes: whether what is registered is well, asked from here. The README beside this file says where to start reading. */
export { createProbers, type Probe } from './probers.ts';
export { createReach } from './reach.ts';
export { createResolver, type Resolution, type Resolver, type ResolverOptions } from './resolver.ts';
export { createProbeScheduler, type ProbeFigures, type ProbeScheduler, type ProbeSchedulerOptions } from './scheduler.ts';
export type { Timer } from './timer.ts';
