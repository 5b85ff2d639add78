/**
 * What the infini dialect answers.
 *
 * The original router parses a list strictly, and one bad entry stops its whole sync. So every `Info`, whatever dialect its
 * instance came by, has non-null strings, an integer port and weight, an object as metadata, and a boolean `is_healthy`.
 */
import type { CheckState, InstanceDraft, InstanceRecord, InstanceView, JsonObject, Observation } from '@rollcall/core';
import { valueLimits } from '@rollcall/core';
import { addressUrl } from '../address.ts';
import { DIALECT, nameOf } from './names.ts';

export type HealthStatus = 'unknown' | 'healthy' | 'unhealthy';

const CHECK_STATES: Readonly<Record<CheckState, HealthStatus>> = { unknown: 'unknown', passing: 'healthy', failing: 'unhealthy' };

export interface Info {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly hostname: string;
  readonly url: string;
  readonly status: string;
  /** RFC 3339, of the registration. */
  readonly timestamp: string;
  /** Unix seconds. */
  readonly last_heartbeat: number;
  readonly health_status: HealthStatus;
  readonly is_healthy: boolean;
  readonly weight: number;
  readonly metadata: JsonObject;
}

export function encodeInfo(view: InstanceView): Info {
  const { record } = view;
  return {
    name: nameOf(view),
    host: record.address.host,
    port: record.address.port,
    hostname: record.node ?? record.address.host,
    url: record.url ?? addressUrl(record.address),
    status: shownStatus(view),
    timestamp: rfc3339(record.registeredAtMs),
    last_heartbeat: unixSeconds(view.lastHeartbeatAtMs),
    health_status: healthStatus(view),
    is_healthy: view.discoverable,
    weight: Math.min(Math.ceil(record.weight), valueLimits.weight),
    metadata: shownMetadata(view),
  };
}

/**
 * An operator's drain or maintenance shows as the status. Otherwise a registration of this dialect keeps what it said of
 * itself, late or not, as in the original; a foreign one is `running` while it serves, and `unhealthy` when it should but does not.
 */
export function shownStatus({ record, intent, discoverable }: InstanceView): string {
  if (intent !== 'serving') return intent;
  if (record.dialect === DIALECT || record.declaredStatus !== 'running') return record.declaredStatus;
  return discoverable ? 'running' : 'unhealthy';
}

/** Over all active checks: one that fails decides. */
export function healthStatus({ checks }: InstanceView): HealthStatus {
  if (checks.some((check) => check.state === 'failing')) return 'unhealthy';
  return checks.some((check) => check.state === 'passing') ? 'healthy' : 'unknown';
}

/** A foreign instance with models becomes a backend for the original router, which looks for just these keys. */
function shownMetadata({ record }: InstanceView): JsonObject {
  if (record.dialect === DIALECT || record.models.length === 0) return record.metadata;
  return {
    ...record.metadata,
    type: 'openai-api',
    models: record.models,
    models_list: record.models.map((id) => ({ id, object: 'model' })),
  };
}

export interface Health {
  readonly service: string;
  readonly health_status: HealthStatus;
  readonly is_healthy: boolean;
  readonly last_heartbeat: number;
  readonly timestamp: string;
}

/** What a probe has just `seen` is ahead of what the checks say, which takes a commit. */
export function encodeHealth(view: InstanceView, name: string, seen: Observation | undefined, nowMs: number): Health {
  return {
    service: name,
    health_status: seen === undefined ? healthStatus(view) : CHECK_STATES[seen.state],
    is_healthy: view.discoverable,
    last_heartbeat: unixSeconds(view.lastHeartbeatAtMs),
    timestamp: rfc3339(nowMs),
  };
}

export function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

export function unixSeconds(wallMs: number): number {
  return Math.round(wallMs) / 1_000;
}

/** What was registered and is gone again before it could be shown: another request of the same batch removed it. */
export function justRegistered(draft: InstanceDraft, nowMs: number): InstanceView {
  return {
    record: { ...draft, registeredAtMs: nowMs, revision: 0 as InstanceRecord['revision'] },
    ref: { slot: -1, generation: 0 },
    status: 'up',
    discoverable: false,
    intent: 'serving',
    lastHeartbeatAtMs: nowMs,
    inGrace: false,
    held: false,
    checks: [],
  };
}

/** The three texts of a change that succeeded. */
export type Done = 'registered' | 'updated' | 'unregistered';

export function doneMessage(name: string, done: Done): string {
  return `Service '${name}' ${done} successfully`;
}
