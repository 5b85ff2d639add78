/**
 * Which instances live by checks alone at one (service, host, port): those whose lease a passing check renews, until their
 * first own heartbeat. Kept by address, so that finding out whether there are too many costs nothing for the others.
 */
import type { Address, InstanceId, InstanceRecord } from './model.ts';
import { isHeard } from './standing.ts';

export interface CheckedIndex {
  join(record: InstanceRecord, standing: number): void;
  leave(record: InstanceRecord): void;
  /** Ids at this record's address, in the order they joined. */
  at(record: InstanceRecord): InstanceId[];
}

export function createCheckedIndex(): CheckedIndex {
  const byAddress = new Map<string, Set<InstanceId>>();

  return {
    join(record, standing) {
      if (!livesByChecks(record, standing)) return;
      const key = addressKey(record.service, record.address);
      const ids = byAddress.get(key);
      if (ids === undefined) byAddress.set(key, new Set([record.id]));
      else ids.add(record.id);
    },
    leave(record) {
      if (record.lease.renewedBy !== 'check') return;
      const key = addressKey(record.service, record.address);
      const ids = byAddress.get(key);
      if (ids?.delete(record.id) === true && ids.size === 0) byAddress.delete(key);
    },
    at: (record) => [...(byAddress.get(addressKey(record.service, record.address)) ?? [])],
  };
}

export function livesByChecks(record: InstanceRecord, standing: number): boolean {
  return record.lease.renewedBy === 'check' && !isHeard(standing);
}

/** One string a service's address: NUL can be part of neither. */
export function addressKey(service: string, { host, port }: Pick<Address, 'host' | 'port'>): string {
  return `${service}\0${host}\0${port}`;
}
