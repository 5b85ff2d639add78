/** Drafts and checks with every field filled in, so that a test names only what it is about. */
import type { CheckSpec, InstanceDraft, InstanceId, LeaseSpec } from '@rollcall/core';

export function instanceId(id: string): InstanceId {
  return id as InstanceId;
}

/** 10 s until late, another 20 s until removed, renewed by heartbeats, forgotten when gone. */
export const shortLease: LeaseSpec = { ttlMs: 10_000, removeAfterMs: 30_000, renewedBy: 'heartbeat', revivable: false };

/** An instance of the service `web`, at an address of its own. */
export function draftOf(id: string, fields: Partial<Omit<InstanceDraft, 'id'>> = {}): InstanceDraft {
  return {
    id: instanceId(id),
    service: 'web',
    dialect: 'test',
    address: { scheme: 'http', host: `${id}.example`, port: 8080, path: '' },
    tags: [],
    metadata: {},
    weight: 1,
    models: [],
    declaredStatus: 'running',
    lease: shortLease,
    checks: [],
    ...fields,
  };
}

/** Passes and fails at the first result, and takes the instance out of discovery, unless told otherwise. */
export function httpCheck(fields: Partial<Extract<CheckSpec, { kind: 'http' }>> = {}): CheckSpec {
  return { kind: 'http', name: 'http', path: '/health', intervalMs: 1_000, timeoutMs: 500, rise: 1, fall: 1, gates: true, ...fields };
}
