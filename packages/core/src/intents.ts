/**
 * What operators want, kept beside the registrations so that a restart, a replacement or an expiry does not lose it.
 *
 * An intent binds to one id, or to whatever a service registers at one address; the id's own wins.
 * Bound: those without an instance are at most `looseIntents`, the oldest goes, and each goes 7 days after its instance.
 */
import type { Address, InstanceRecord, Intent, IntentTarget } from './model.ts';

export interface IntentTable {
  readonly size: number;
  /** What holds for this instance; undefined means serving. */
  for(record: InstanceRecord): Intent | undefined;
  get(target: IntentTarget): Intent | undefined;
  /** `serving` takes it out. */
  set(intent: Intent): void;
  /** In the order they were set. */
  all(): IterableIterator<Intent>;
}

export function createIntentTable(): IntentTable {
  const byTarget = new Map<string, Intent>();

  return {
    get size() {
      return byTarget.size;
    },
    for(record) {
      if (byTarget.size === 0) return undefined;
      return (
        byTarget.get(targetKey({ kind: 'instance', id: record.id })) ??
        byTarget.get(targetKey(addressTarget(record.service, record.address)))
      );
    },
    get(target) {
      return byTarget.get(targetKey(target));
    },
    set(intent) {
      const key = targetKey(intent.target);
      byTarget.delete(key);
      if (intent.intent !== 'serving') byTarget.set(key, intent);
    },
    all() {
      return byTarget.values();
    },
  };
}

export function addressTarget(service: string, { host, port }: Address): IntentTarget {
  return { kind: 'address', service, host, port };
}

/** One string a target: for maps and for stores. NUL cannot be part of a name or host, so no two targets share one. */
export function targetKey(target: IntentTarget): string {
  switch (target.kind) {
    case 'instance':
      return `instance\0${target.id}`;
    case 'address':
      return `address\0${target.service}\0${target.host}\0${target.port}`;
  }
}
