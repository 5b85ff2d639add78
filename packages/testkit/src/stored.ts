/** Records, changes and batches for tests of stores: alike for the same number, different for different ones. */
import type {
  InstanceId,
  InstanceRecord,
  Intent,
  IntentKind,
  IntentTarget,
  Revision,
  Row,
  StoreBatch,
  StoreChange,
  StoredInstance,
} from '@rollcall/core';

/** About 500 bytes as JSON. */
export function anyRecord(number: number, differing: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    id: `${number.toString(16).padStart(8, '0')}-0000-4000-8000-000000000000` as InstanceId,
    service: `service-${number % 100}`,
    dialect: 'classic',
    address: { scheme: 'http', host: `10.0.${number % 200}.${number % 251}`, port: 8_000 + (number % 1_000), path: '' },
    tags: [],
    metadata: { version: '1.4.2', zone: 'eu-1', note: `number ${number} `.repeat(5) },
    weight: 100,
    models: [],
    declaredStatus: 'running',
    lease: { ttlMs: 30_000, removeAfterMs: 60_000, renewedBy: 'heartbeat', revivable: false },
    checks: [],
    registeredAtMs: 1_700_000_000_000 + number,
    revision: number as Revision,
    ...differing,
  };
}

export function put(row: number, record: InstanceRecord, { standing = 0, goneAtMs = 0 } = {}): { kind: 'put' } & StoredInstance {
  return { kind: 'put', row: row as Row, record, standing, goneAtMs };
}

export function remove(row: number): StoreChange {
  return { kind: 'delete', row: row as Row };
}

export function batchOf(revision: number, ...changes: StoreChange[]): StoreBatch {
  return { revision: revision as Revision, changes };
}

export function intentFor(target: IntentTarget, intent: IntentKind): Intent {
  return { target, intent, setAtMs: 1_700_000_000_000 };
}
