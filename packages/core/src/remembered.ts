/**
 * Expired instances whose clients never register again (they ignore the 404 that tells them to): remembered, so that a
 * heartbeat revives them.
 *
 * Bound: `countLimits.remembered`, the one that expired first is forgotten first; each for `REMEMBER_MS`.
 */
import type { InstanceId } from './model.ts';
import type { StoredInstance } from './store.ts';

export interface Remembered {
  readonly size: number;
  get(id: InstanceId): StoredInstance | undefined;
  add(instance: StoredInstance): void;
  remove(id: InstanceId): void;
  /** In the order they expired. */
  oldestFirst(): IterableIterator<StoredInstance>;
}

export function createRemembered(): Remembered {
  const byId = new Map<InstanceId, StoredInstance>();

  return {
    get size() {
      return byId.size;
    },
    get: (id) => byId.get(id),
    add(instance) {
      byId.delete(instance.record.id);
      byId.set(instance.record.id, instance);
    },
    remove(id) {
      byId.delete(id);
    },
    oldestFirst: () => byId.values(),
  };
}
