/** What the native API answers, typed by the schemas in `@rollcall/protocol`. */
import type { CheckView, InstanceView, Registry, Service } from '@rollcall/core';
import type { Check, Instance, ServiceSummary, Status } from '@rollcall/protocol';
import { addressUrl } from '../address.ts';

export function encodeInstance(view: InstanceView): Instance {
  const { record } = view;
  return {
    id: record.id,
    service: record.service,
    ...(record.node === undefined ? {} : { node: record.node }),
    address: record.address,
    url: record.url ?? addressUrl(record.address),
    tags: record.tags,
    metadata: record.metadata,
    weight: record.weight,
    ...(record.zone === undefined ? {} : { zone: record.zone }),
    models: record.models,
    declaredStatus: record.declaredStatus,
    intent: view.intent,
    ...(view.intentReason === undefined ? {} : { intentReason: view.intentReason }),
    status: view.status,
    discoverable: view.discoverable,
    lease: {
      ttlMs: record.lease.ttlMs,
      removeAfterMs: record.lease.removeAfterMs,
      lastHeartbeatAt: rfc3339(view.lastHeartbeatAtMs),
      ...(view.inGrace ? { inGrace: true } : {}),
      ...(view.held ? { held: true } : {}),
    },
    checks: view.checks.map(encodeCheck),
    dialect: record.dialect,
    registeredAt: rfc3339(record.registeredAtMs),
    revision: record.revision,
  };
}

function encodeCheck({ spec, state, lastOutput }: CheckView): Check {
  return {
    name: spec.name,
    kind: spec.kind,
    ...checkTarget(spec),
    intervalMs: spec.intervalMs,
    timeoutMs: spec.timeoutMs,
    rise: spec.rise,
    fall: spec.fall,
    gates: spec.gates,
    state,
    ...(lastOutput === undefined ? {} : { lastOutput }),
  };
}

function checkTarget(spec: CheckView['spec']): Pick<Check, 'path' | 'port' | 'url'> {
  switch (spec.kind) {
    case 'http':
      if (spec.url !== undefined) return { url: spec.url };
      return { path: spec.path, ...(spec.port === undefined ? {} : { port: spec.port }) };
    case 'tcp':
    case 'grpc':
      return spec.port === undefined ? {} : { port: spec.port };
    case 'reported':
      return {};
  }
}

export function encodeService({ name, size, discoverable, revision }: Service): ServiceSummary {
  return { service: name, instances: size, discoverable, revision };
}

export interface Self {
  readonly version: string;
  readonly uptimeMs: number;
}

export function encodeStatus({ state, counts }: Registry, { version, uptimeMs }: Self): Status {
  return {
    replica: 'single',
    version,
    store: {
      kind: state.store.kind,
      writable: state.store.writable,
      ...(state.store.writable ? {} : { reason: state.store.reason }),
      notices: state.notices,
    },
    history: state.history,
    revision: state.revision,
    staleMs: STALE_MS,
    guarded: state.guarded,
    stalledMs: state.stalledMs,
    uptimeMs: Math.round(uptimeMs),
    counts,
  };
}

/** One process with its own store: its view is the truth. */
export const STALE_MS = 0;

function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
