/**
 * Makes equal parts of records the same objects. A million instances have a handful of leases, checks, schemes and
 * services between them, and most have no tags, models or metadata: shared, a record costs less than half.
 *
 * Bound: at most `MAX_SHARED` distinct values of at most `MAX_CHARS` characters are remembered; others are kept as they come.
 */
import type { Address, InstanceRecord, LeaseSpec } from './model.ts';

const MAX_SHARED = 65_536;
const MAX_CHARS = 512;

const NO_ITEMS: readonly never[] = Object.freeze([]);
const NO_FIELDS = Object.freeze({});

export type Compact = (record: InstanceRecord) => InstanceRecord;

export function createCompact(): Compact {
  const strings = new Map<string, string>();
  const values = new Map<string, object>();
  let lastLease: LeaseSpec | undefined;
  let lastService = '';

  function text(value: string): string {
    const known = strings.get(value);
    if (known !== undefined) return known;
    if (strings.size < MAX_SHARED && value.length <= MAX_CHARS) strings.set(value, value);
    return value;
  }

  function shared<T extends object>(value: T): T {
    const key = JSON.stringify(value);
    // The key is the value's own JSON, so whatever is found under it was put there with the same type and content.
    const known = values.get(key) as T | undefined;
    if (known !== undefined) return known;
    if (values.size < MAX_SHARED && key.length <= MAX_CHARS) values.set(key, value);
    return value;
  }

  /** Most leases are like the one before. */
  function lease(value: LeaseSpec): LeaseSpec {
    const { ttlMs, removeAfterMs, renewedBy, revivable } = lastLease ?? value;
    const like =
      ttlMs === value.ttlMs && removeAfterMs === value.removeAfterMs && renewedBy === value.renewedBy && revivable === value.revivable;
    if (lastLease === undefined || !like) lastLease = shared(value);
    return lastLease;
  }

  /** Instances of one service often follow one another. */
  function service(name: string): string {
    if (name !== lastService) lastService = text(name);
    return lastService;
  }

  function items<T>(list: readonly T[]): readonly T[] {
    return list.length === 0 ? NO_ITEMS : list;
  }

  function address({ scheme, host, port, path }: Address): Address {
    return { scheme: text(scheme), host: text(host), port, path: text(path) };
  }

  return (record) => {
    const compacted: { -readonly [K in keyof InstanceRecord]: InstanceRecord[K] } = {
      id: record.id,
      service: service(record.service),
      dialect: text(record.dialect),
      address: address(record.address),
      tags: items(record.tags),
      metadata: Object.keys(record.metadata).length === 0 ? NO_FIELDS : record.metadata,
      weight: record.weight,
      models: items(record.models),
      declaredStatus: text(record.declaredStatus),
      lease: lease(record.lease),
      checks:
        record.checks.length === 0 ? NO_ITEMS : record.checks.every((spec) => !('url' in spec)) ? shared(record.checks) : record.checks,
      registeredAtMs: record.registeredAtMs,
      revision: record.revision,
    };
    // Added only where present: absent optional fields cost nothing.
    if (record.node !== undefined) compacted.node = text(record.node);
    if (record.url !== undefined) compacted.url = record.url;
    if (record.zone !== undefined) compacted.zone = text(record.zone);
    return compacted;
  };
}
