/**
 * `PUT /services/{name}`: what a new host, port or URL means depends on those that are registered, so the patch is made from
 * the record and holds only for that revision of it. When another request came first, it is made again.
 *
 * Bound: `ATTEMPTS`; then the client is told that the service changed meanwhile. Counts as a heartbeat.
 */
import type { InstancePatch, InstanceRecord, InstanceView, Registry } from '@rollcall/core';
import { notFound, refusal, type Refusal } from './errors.ts';
import { findByName } from './names.ts';

export type Updated = { readonly kind: 'updated'; readonly view: InstanceView } | { readonly kind: 'refused'; readonly refusal: Refusal };

const ATTEMPTS = 5;

/** Rejects with what `patchOf` throws. */
export async function update(registry: Registry, name: string, patchOf: (record: InstanceRecord) => InstancePatch): Promise<Updated> {
  for (let attempt = 1; ; attempt += 1) {
    const before = findByName(registry, name);
    if (before === undefined) return { kind: 'refused', refusal: notFound(name) };
    const { id, revision } = before.record;
    const patch = patchOf(before.record);
    const guard = isDerived(patch) ? { ifRevision: revision } : {};
    const outcome = await registry.submit({ kind: 'update', id, patch, ...guard, renews: true });
    if (outcome.kind !== 'rejected') {
      const view = registry.instance(id);
      return view === undefined ? { kind: 'refused', refusal: notFound(name) } : { kind: 'updated', view };
    }
    if (outcome.error.code !== 'revision-moved' || attempt === ATTEMPTS) return { kind: 'refused', refusal: refusal(outcome.error, name) };
  }
}

/** Whether it says more than the request did. */
function isDerived({ address, checks }: InstancePatch): boolean {
  return address !== undefined || checks !== undefined;
}
