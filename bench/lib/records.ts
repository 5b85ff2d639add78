/**
 * Records as the classic dialect makes them of a registration of seed 003's shape (a name and a base URL): the plainest that
 * there is, and what the figures a record are figures of.
 */
import { randomUUID } from 'node:crypto';
import type { InstanceId, InstanceRecord, Revision } from '@rollcall/core';

export interface RecordPlan {
  /** Instances a service. */
  readonly perService?: number;
  readonly ttlMs?: number;
  /** Before the service's number. */
  readonly prefix?: string;
}

const DAY_MS = 86_400_000;

export function recordFor(number: number, { perService = 10, ttlMs = DAY_MS, prefix = 'service' }: RecordPlan = {}): InstanceRecord {
  return {
    id: randomUUID() as InstanceId,
    service: serviceOf(number, { perService, prefix }),
    dialect: 'classic',
    address: { scheme: 'http', host: hostOf(number), port: 8_000, path: '' },
    tags: [],
    metadata: {},
    weight: 1,
    models: [],
    declaredStatus: 'running',
    lease: { ttlMs, removeAfterMs: ttlMs, renewedBy: 'heartbeat', revivable: false },
    checks: [],
    registeredAtMs: Date.now(),
    revision: (number + 1) as Revision,
  };
}

export function serviceOf(number: number, { perService = 10, prefix = 'service' }: RecordPlan = {}): string {
  return `${prefix}-${Math.floor(number / perService)}`;
}

/** The body of the registration that leads to such a record. */
export function registrationFor(number: number, plan: RecordPlan = {}): string {
  return JSON.stringify({ service_name: serviceOf(number, plan), base_url: `http://${hostOf(number)}:8000` });
}

function hostOf(number: number): string {
  return `10.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
}
