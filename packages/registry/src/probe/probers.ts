/**
 * One probe of one check, from the record to an observation: where it goes, whether it may, and what came of it, within the
 * check's time-out, which covers everything from the name to the answer.
 */
import type { InstanceRecord } from '@rollcall/core';
import { type ActiveSpec, type Aim, aimOf } from './check-aim.ts';
import { orEnded } from './ended.ts';
import { failing, type Outcome, outcomeOf, ProbeEnded } from './outcome.ts';
import type { Resolver } from './resolver.ts';
import { locate } from './target.ts';

/**
 * Probes once. Settles within `spec.timeoutMs`, and at once when the signal is aborted; undefined: nothing was learned (aborted,
 * or short of something ourselves). Never rejects for what the other side does.
 */
export type Probe = (record: InstanceRecord, spec: ActiveSpec, signal: AbortSignal) => Promise<Outcome>;

export interface ProbersOptions {
  /** Outlives the probes; its owner closes it. */
  readonly resolver: Pick<Resolver, 'resolve'>;
}

export function createProbers({ resolver }: ProbersOptions): Probe {
  return async (record, spec, signal) => {
    const aim = aimOf(record, spec);
    if (aim === undefined) return failing('bad url');
    const ending = new AbortController();
    const timer = setTimeout(() => ending.abort(new ProbeEnded('timeout')), spec.timeoutMs);
    const stop = (): void => ending.abort(new ProbeEnded('stopped'));
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) return undefined;
      const located = await orEnded(locate(aim.host, resolver), ending.signal);
      return located.kind === 'found' ? await probeAt(aim, located.addresses, ending.signal) : failing(located.output);
    } catch (error) {
      return outcomeOf(error);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  };
}

/** Each kind is loaded by the first check that needs it: the clients of two protocols are a tenth of a second of every start. */
async function probeAt(aim: Aim, addresses: readonly string[], signal: AbortSignal): Promise<Outcome> {
  switch (aim.kind) {
    case 'http':
      return (await import('./http.ts')).probeHttp(aim, addresses, signal);
    case 'tcp':
      return (await import('./tcp.ts')).probeTcp(aim, addresses, signal);
    case 'grpc':
      return (await import('./grpc.ts')).probeGrpc(aim, addresses, signal);
  }
}
