/** Instances to encode: one that is well, and arbitrary ones as any dialect could have brought them. */
import type { InstanceRecord, InstanceView } from '@rollcall/core';
import fc from 'fast-check';
import { anyForeignDraft } from './drafts.ts';

const REGISTERED_AT = Date.UTC(2026, 0, 2, 3, 4, 5, 678);

export function aRecord(changes: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    id: 'billing' as InstanceRecord['id'],
    service: 'billing',
    dialect: 'infini',
    node: 'box-1',
    address: { scheme: 'http', host: '10.0.0.7', port: 8_000, path: '' },
    tags: [],
    metadata: {},
    weight: 1,
    models: [],
    declaredStatus: 'running',
    lease: { ttlMs: 120_000, removeAfterMs: 300_000, renewedBy: 'heartbeat', revivable: true },
    checks: [],
    registeredAtMs: REGISTERED_AT,
    revision: 7 as InstanceRecord['revision'],
    ...changes,
  };
}

export function aView(changes: Partial<InstanceRecord> = {}, facts: Partial<Omit<InstanceView, 'record'>> = {}): InstanceView {
  return {
    record: aRecord(changes),
    ref: { slot: 0, generation: 0 },
    status: 'up',
    discoverable: true,
    intent: 'serving',
    lastHeartbeatAtMs: REGISTERED_AT + 1_500,
    inGrace: false,
    held: false,
    checks: [],
    ...facts,
  };
}

/** Of this dialect or any other, in any standing. */
export const anyView: fc.Arbitrary<InstanceView> = fc
  .record({
    draft: anyForeignDraft,
    own: fc.boolean(),
    intent: fc.constantFrom('serving' as const, 'draining' as const, 'maintenance' as const),
    discoverable: fc.boolean(),
    lastHeartbeatAtMs: fc.nat(2 ** 42),
  })
  .map(({ draft, own, intent, discoverable, lastHeartbeatAtMs }) => ({
    ...aView({}, { intent, discoverable, lastHeartbeatAtMs }),
    record: { ...draft, dialect: own ? 'infini' : draft.dialect, registeredAtMs: REGISTERED_AT, revision: 1 as InstanceRecord['revision'] },
  }));
