/** Instances to encode: one that is well, and arbitrary ones as any dialect could have brought them. */
import type { InstanceRecord, InstanceView, JsonObject } from '@rollcall/core';
import { valueLimits } from '@rollcall/core';
import fc from 'fast-check';

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

const name = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });
const metadata = fc.dictionary(name, fc.jsonValue()) as fc.Arbitrary<JsonObject>;

const anyRecord: fc.Arbitrary<Partial<InstanceRecord>> = fc.record(
  {
    id: name as fc.Arbitrary<string> as fc.Arbitrary<InstanceRecord['id']>,
    service: name,
    dialect: fc.constantFrom('infini', 'classic', 'native'),
    node: name,
    address: fc.record({
      scheme: fc.constantFrom('http', 'https', 'grpc'),
      host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), name),
      port: fc.integer({ min: 0, max: 65_535 }),
      path: fc.constantFrom('', '/v1'),
    }),
    url: fc.oneof(fc.webUrl(), name),
    metadata,
    weight: fc.double({ min: 0, max: valueLimits.weight, noNaN: true }),
    models: fc.array(name),
    declaredStatus: fc.constantFrom('running', 'starting', 'null'),
  },
  { requiredKeys: [] },
);

export const anyView: fc.Arbitrary<InstanceView> = fc
  .tuple(anyRecord, fc.constantFrom('serving', 'draining', 'maintenance'), fc.boolean(), fc.nat(2 ** 42))
  .map(([changes, intent, discoverable, lastHeartbeatAtMs]) => {
    const { node, ...rest } = aRecord();
    return { ...aView({}, { intent, discoverable, lastHeartbeatAtMs }), record: { ...rest, ...changes } };
  });
