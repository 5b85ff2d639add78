/** A scheduler on simulated time, with a registry and probes that only remember. */
import type { InstanceRecord, Observation } from '@rollcall/core';
import { createProbeScheduler, type Probe, type ProbeScheduler, type ProbeSchedulerOptions } from '../../src/probe/index.ts';
import { createFakeRegistry, createRandom, createSimulatedTime, type FakeRegistry, type SimulatedTime } from './fixtures.ts';

export const WELL: Observation = { state: 'passing', output: 'http 200' };
export const DEAD: Observation = { state: 'failing', output: 'timeout' };

export interface Scene {
  readonly time: SimulatedTime;
  readonly registry: FakeRegistry;
  readonly scheduler: ProbeScheduler;
  /** Every probe that began: whose, and when. */
  readonly began: { readonly id: string; readonly check: string; readonly atMs: number }[];
  /** Most at once, in all and by host. */
  readonly most: Map<string, number>;
  readonly aborted: string[];
}

/** A scene whose probes answer well after 5 ms, but for hosts that begin with `dead`: these time out after the check's time. */
export function newScene(
  present: readonly InstanceRecord[] = [],
  options: Partial<ProbeSchedulerOptions> = {},
  time = createSimulatedTime(),
): Scene {
  const registry = createFakeRegistry(present);
  const began: Scene['began'] = [];
  const most = new Map<string, number>();
  const running = new Map<string, number>();
  const aborted: string[] = [];

  function count(host: string, by: number): void {
    const now = (running.get(host) ?? 0) + by;
    running.set(host, now);
    most.set(host, Math.max(most.get(host) ?? 0, now));
  }

  const probe: Probe = async (record, spec, signal) => {
    const { host } = record.address;
    began.push({ id: record.id, check: spec.name, atMs: time.monotonicMs() });
    signal.addEventListener('abort', () => aborted.push(record.id));
    for (const key of [host, '*']) count(key, 1);
    const dead = host.startsWith('dead');
    await Promise.race([time.sleep(dead ? spec.timeoutMs : 5), new Promise((resolve) => signal.addEventListener('abort', resolve))]);
    for (const key of [host, '*']) count(key, -1);
    return dead ? DEAD : WELL;
  };
  const scheduler = createProbeScheduler({ registry, probe, clock: time, timer: time, random: createRandom(1), ...options });
  scheduler.start();
  return { time, registry, scheduler, began, most, aborted };
}

export async function endScene({ time, scheduler }: Scene): Promise<void> {
  const ended = scheduler.stop();
  await time.advance(60_000);
  await ended;
}
