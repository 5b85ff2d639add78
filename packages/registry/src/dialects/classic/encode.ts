/**
 * What the classic dialect answers: the fields of both original registries in every instance, whatever dialect it came by.
 *
 * Compact JSON, as text where answers are kept or streamed, so that each instance is serialised once.
 */
import type { InstanceView, JsonObject, Registry, Service } from '@rollcall/core';
import { addressUrl } from '../address.ts';

export type ShownStatus = 'healthy' | 'unhealthy' | 'draining' | 'maintenance';

export interface Instance {
  readonly service_id: string;
  /** The same as `service_id`. */
  readonly instance_id: string;
  readonly service_name: string;
  /** As the client wrote it, or made from scheme, host and port. */
  readonly base_url: string;
  /** An IPv6 address is without brackets. */
  readonly host: string;
  readonly port: number;
  readonly status: ShownStatus;
  /** ISO 8601, UTC. */
  readonly registered_at: string;
  readonly last_heartbeat: string;
  readonly metadata: JsonObject;
  /** The path of its health check; null for one that has none. */
  readonly health_endpoint: string | null;
}

export function encodeInstance(view: InstanceView): Instance {
  const { record } = view;
  return {
    ...place(view),
    status: shownStatus(view),
    ...times(view),
    metadata: record.metadata,
    health_endpoint: healthEndpoint(view),
  };
}

/** The answer to a registration. */
export function encodeRegistered(view: InstanceView): object {
  const { service_id, instance_id, ...where } = place(view);
  return { service_id, instance_id, status: 'registered', ...where, ...times(view) };
}

/** `{service_name, instances, count}` in pieces; with `all`, not only the discoverable. */
export function* encodeService(service: Service, all: boolean): Generator<string> {
  yield `{"service_name":${JSON.stringify(service.name)},"instances":[`;
  let count = 0;
  for (const view of service.instances()) {
    if (!all && !view.discoverable) continue;
    yield `${count === 0 ? '' : ','}${JSON.stringify(encodeInstance(view))}`;
    count += 1;
  }
  yield `],"count":${count}}`;
}

/** An object keyed by service name, in pieces. Written by hand: a name may be `__proto__`, or look like an array's index. */
export function* encodeServices(registry: Registry, all: boolean): Generator<string> {
  let before = '{';
  for (const service of registry.services()) {
    yield `${before}${JSON.stringify(service.name)}:`;
    yield* encodeService(service, all);
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}

export function* encodeStatus(registry: Registry): Generator<string> {
  const { services, instances } = registry.counts;
  yield `{"status":"ok","total_services":${services},"total_instances":${instances},"services":{`;
  let comma = '';
  for (const { name, size } of registry.services()) {
    yield `${comma}${JSON.stringify(name)}:${size}`;
    comma = ',';
  }
  yield '}}';
}

/** The answer to a heartbeat and to a deregistration. */
export function encodeDone(id: string): string {
  const quoted = JSON.stringify(id);
  return `{"status":"ok","instance_id":${quoted},"service_id":${quoted}}`;
}

/** The last answer is remembered: many times are those of the same millisecond. */
export function isoTime(wallMs: number): string {
  if (wallMs !== lastTime.wallMs) lastTime = { wallMs, text: new Date(wallMs).toISOString() };
  return lastTime.text;
}

let lastTime = { wallMs: 0, text: new Date(0).toISOString() };

function place({ record }: InstanceView): Pick<Instance, 'service_id' | 'instance_id' | 'service_name' | 'base_url' | 'host' | 'port'> {
  return {
    service_id: record.id,
    instance_id: record.id,
    service_name: record.service,
    base_url: record.url ?? addressUrl(record.address),
    host: record.address.host,
    port: record.address.port,
  };
}

function times({ record, lastHeartbeatAtMs }: InstanceView): Pick<Instance, 'registered_at' | 'last_heartbeat'> {
  return { registered_at: isoTime(record.registeredAtMs), last_heartbeat: isoTime(lastHeartbeatAtMs) };
}

function shownStatus({ intent, discoverable }: InstanceView): ShownStatus {
  if (intent !== 'serving') return intent;
  return discoverable ? 'healthy' : 'unhealthy';
}

function healthEndpoint({ record }: InstanceView): string | null {
  for (const check of record.checks) if (check.kind === 'http') return check.path;
  return null;
}
