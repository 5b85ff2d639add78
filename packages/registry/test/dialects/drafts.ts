/** Registrations as other dialects make them, put into the core directly: the dialects' own routes have their own tests. */
import type { InstanceDraft, JsonObject, Registry } from '@rollcall/core';
import fc from 'fast-check';

/** As seed 003's clients register: an address, no check, 30 s. */
export function aForeignDraft(id: string, changes: Partial<InstanceDraft> = {}): InstanceDraft {
  return {
    id: id as InstanceDraft['id'],
    service: 'search',
    dialect: 'classic',
    address: { scheme: 'http', host: 'far.example', port: 80, path: '' },
    tags: [],
    metadata: {},
    weight: 1,
    models: [],
    declaredStatus: 'running',
    lease: { ttlMs: 30_000, removeAfterMs: 30_000, renewedBy: 'heartbeat', revivable: false },
    checks: [],
    ...changes,
  };
}

export async function registerForeign(registry: Registry, id: string, changes: Partial<InstanceDraft> = {}): Promise<void> {
  await registry.submit({ kind: 'register', identical: 'replace', draft: aForeignDraft(id, changes) });
}

const text = fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' });

/** Anything that a dialect may let in. Ids are not unique. */
export const anyForeignDraft: fc.Arbitrary<InstanceDraft> = fc
  .record(
    {
      service: text,
      dialect: fc.constantFrom('classic', 'native', 'consul'),
      node: text,
      address: fc.record({
        scheme: fc.constantFrom('http', 'https', 'grpc'),
        host: fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6(), text),
        port: fc.integer({ min: 0, max: 65_535 }),
        path: fc.constantFrom('', '/v1'),
      }),
      url: fc.oneof(fc.webUrl(), text),
      metadata: fc.dictionary(text, fc.jsonValue()) as fc.Arbitrary<JsonObject>,
      weight: fc.double({ min: 0, max: 4_294_967_295, noNaN: true }),
      models: fc.uniqueArray(text),
      declaredStatus: fc.constantFrom('running', 'starting', 'null'),
    },
    { requiredKeys: [] },
  )
  .chain((changes) => fc.uuid().map((id) => aForeignDraft(id, changes)));
