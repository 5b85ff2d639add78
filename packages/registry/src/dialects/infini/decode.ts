/**
 * Bodies of the infini dialect, read into what the core takes. Everything that is wrong throws `InvalidInput`.
 *
 * A field that the table does not name is ignored, a sent `timestamp` too. What a registration leaves out is data here: its
 * lease (late after 120 s, removed after 300 s, brought back by a heartbeat) and its one check.
 */
import type { InstanceDraft, InstancePatch, InstanceRecord, JsonObject } from '@rollcall/core';
import { addressUrl, urlAddress } from '../address.ts';
import { METADATA, NAME, PORT_OR_ZERO, URL_TEXT, WEIGHT } from '../values.ts';
import { bodyObject, optional, required } from './fields.ts';
import { modelsOf } from './models.ts';
import { asId, DIALECT } from './names.ts';
import { type CheckTimes, healthChecks, placeOf } from './place.ts';

const LEASE = { ttlMs: 120_000, removeAfterMs: 300_000, renewedBy: 'heartbeat', revivable: true } as const;

export function decodeRegistration(body: unknown, times: CheckTimes): InstanceDraft {
  const sent = bodyObject(body);
  const name = required(sent, 'name', NAME);
  const host = required(sent, 'host', NAME);
  const port = required(sent, 'port', PORT_OR_ZERO);
  const hostname = required(sent, 'hostname', NAME);
  const url = required(sent, 'url', URL_TEXT);
  const status = required(sent, 'status', NAME);
  const metadata = optional(sent, 'metadata', METADATA) ?? {};
  const weight = optional(sent, 'weight', WEIGHT) ?? 1;
  const place = placeOf(host, port, url);
  return {
    id: asId(name),
    service: name,
    dialect: DIALECT,
    node: hostname,
    ...place,
    tags: [],
    metadata,
    weight,
    models: modelsOf(metadata),
    declaredStatus: status,
    lease: LEASE,
    checks: healthChecks(place, metadata, times),
  };
}

/**
 * The fields that a PUT names, for an instance of any dialect. In one of this dialect host, port and url stand side by side
 * as they were written, and the check follows them; in a foreign one they are spellings of one address.
 */
export function decodeUpdate(body: unknown, record: InstanceRecord, times: CheckTimes): InstancePatch {
  const sent = bodyObject(body);
  const moved = {
    host: optional(sent, 'host', NAME),
    port: optional(sent, 'port', PORT_OR_ZERO),
    url: optional(sent, 'url', URL_TEXT),
  };
  const metadata = optional(sent, 'metadata', METADATA);
  const plain = without({
    node: optional(sent, 'hostname', NAME),
    declaredStatus: optional(sent, 'status', NAME),
    weight: optional(sent, 'weight', WEIGHT),
    metadata,
  });
  const moves = moved.host !== undefined || moved.port !== undefined || moved.url !== undefined;
  if (record.dialect !== DIALECT) return { ...plain, ...(moves ? movedForeign(record, moved) : {}) };
  if (!moves && metadata === undefined) return plain;
  return { ...plain, ...movedOwn(record, moved, metadata ?? record.metadata, times) };
}

/** What a heartbeat says of its sender: only a string `status` in an object counts, anything else is a plain heartbeat. */
export function decodeHeartbeat(body: unknown): string | undefined {
  if (body === null || typeof body !== 'object') return undefined;
  const status: unknown = 'status' in body ? body.status : undefined;
  return NAME.is(status) ? status : undefined;
}

/** Which entries a list is asked for; anything but "true" in `healthy` means all. */
export interface ListFilter {
  readonly healthy: boolean;
  readonly status?: string;
}

export function decodeFilter(query: unknown): ListFilter {
  const { healthy, status } = (query ?? {}) as Readonly<Record<string, unknown>>;
  const wanted = first(status);
  return { healthy: first(healthy)?.toLowerCase() === 'true', ...(wanted === undefined || wanted === '' ? {} : { status: wanted }) };
}

function first(value: unknown): string | undefined {
  const one: unknown = Array.isArray(value) ? value[0] : value;
  return typeof one === 'string' ? one : undefined;
}

interface Moved {
  readonly host: string | undefined;
  readonly port: number | undefined;
  readonly url: string | undefined;
}

function movedOwn(record: InstanceRecord, moved: Moved, metadata: JsonObject, times: CheckTimes): InstancePatch {
  const urlNow = record.url ?? addressUrl(record.address);
  const place = placeOf(moved.host ?? record.address.host, moved.port ?? record.address.port, moved.url ?? urlNow);
  return {
    address: place.address,
    models: modelsOf(metadata),
    checks: healthChecks(place, metadata, times),
    // A patch cannot take a field away; a URL once written is written again, even where the address now renders to it.
    ...(place.url === undefined && record.url === undefined ? {} : { url: place.url ?? addressUrl(place.address) }),
  };
}

function movedForeign({ address, url }: InstanceRecord, moved: Moved): InstancePatch {
  const base = moved.url === undefined ? address : (urlAddress(moved.url) ?? address);
  const next = { ...base, ...without({ host: moved.host, port: moved.port }) };
  const written = moved.url ?? (url === undefined ? undefined : addressUrl(next));
  return { address: next, ...(written === undefined ? {} : { url: written }) };
}

/** The same object without the fields that are undefined. */
function without<T extends object>(fields: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}
