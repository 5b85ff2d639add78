/**
 * A registration's body → a draft. Two shapes: `{service_name, base_url}` of the Python registry and `{name, host, port,
 * health_endpoint?, metadata?}` of the serviceCore registry. How long each lives, and what checks it, is data here.
 *
 * A field that is null counts as not sent; unknown fields are ignored. A body that has all of both shapes is the first: who
 * sends a `base_url` sends heartbeats too. A body that is neither is told about the shape it is nearer to.
 */
import type { CheckSpec, InstanceDraft, InstanceId, JsonObject, LeaseSpec } from '@rollcall/core';
import type { DialectSettings } from '../../server/dialect.ts';
import { addressUrl, unbracketed, urlAddress } from '../address.ts';
import { HOST, HTTP_URL, isObject, type Kind, METADATA, NAME, PATH, PORT, type Sent } from '../values.ts';
import { type FieldError, InvalidBody } from './errors.ts';

export const DIALECT = 'classic';

type Settings = DialectSettings['classic'];
type Shape = 'url' | 'host';

const NEEDED: Readonly<Record<Shape, readonly string[]>> = {
  url: ['service_name', 'base_url'],
  host: ['name', 'host', 'port'],
};
const DEFAULT_HEALTH_ENDPOINT = '/health';
const MISSING = 'Field required';

/** Throws `InvalidBody`. */
export function decodeRegistration(body: unknown, id: InstanceId, settings: Settings): InstanceDraft {
  if (!isObject(body)) throw new InvalidBody([notAnObject(body)]);
  const shape = shapeOf(body);
  if (shape === undefined) throw new InvalidBody([...NEEDED.url, ...NEEDED.host].map(missing));
  const fields = createFields(body);
  const draft = shape === 'url' ? urlDraft(fields, settings) : hostDraft(fields, settings);
  if (draft === undefined) throw new InvalidBody(fields.errors);
  return { ...COMMON, ...draft, id };
}

const COMMON = { dialect: DIALECT, tags: [], weight: 1, models: [], declaredStatus: 'running' } as const;

type OfShape = Pick<InstanceDraft, 'service' | 'address' | 'url' | 'metadata' | 'lease' | 'checks'>;

function urlDraft(fields: Fields, settings: Settings): OfShape | undefined {
  const service = fields.required('service_name', NAME);
  const url = fields.required('base_url', HTTP_URL);
  const metadata = fields.optional('metadata', METADATA);
  const address = url === undefined ? undefined : urlAddress(url);
  if (fields.errors.length > 0 || service === undefined || url === undefined || address === undefined) return undefined;
  return {
    service,
    address,
    ...(url === addressUrl(address) ? {} : { url }),
    metadata: metadata ?? NO_METADATA,
    lease: urlLease(settings),
    checks: [],
  };
}

function hostDraft(fields: Fields, settings: Settings): OfShape | undefined {
  const service = fields.required('name', NAME);
  const host = fields.required('host', HOST);
  const port = fields.required('port', PORT);
  const path = fields.optional('health_endpoint', PATH);
  const metadata = fields.optional('metadata', METADATA);
  if (fields.errors.length > 0 || service === undefined || host === undefined || port === undefined) return undefined;
  return {
    service,
    address: { scheme: 'http', host: unbracketed(host), port, path: '' },
    metadata: metadata ?? NO_METADATA,
    lease: hostLease(settings),
    checks: [healthCheck(path ?? DEFAULT_HEALTH_ENDPOINT, settings)],
  };
}

const NO_METADATA: JsonObject = {};

/** Heartbeats alone keep it alive. */
function urlLease({ heartbeatTimeoutMs, cleanupIntervalMs }: Settings): LeaseSpec {
  return { ttlMs: heartbeatTimeoutMs, removeAfterMs: heartbeatTimeoutMs + cleanupIntervalMs, renewedBy: 'heartbeat', revivable: false };
}

/** Its clients may send no heartbeat at all, and ignore what a heartbeat answers. */
function hostLease({ serviceTtlMs, cleanupIntervalMs }: Settings): LeaseSpec {
  return { ttlMs: serviceTtlMs, removeAfterMs: serviceTtlMs + cleanupIntervalMs, renewedBy: 'check', revivable: true };
}

function healthCheck(path: string, { check }: Settings): CheckSpec {
  return {
    kind: 'http',
    name: 'health',
    path,
    intervalMs: check.intervalMs,
    timeoutMs: check.timeoutMs,
    rise: 1,
    fall: check.failures,
    gates: true,
  };
}

/** Undefined where the body has no field of either. */
function shapeOf(body: Sent): Shape | undefined {
  const lacks = (shape: Shape): number => NEEDED[shape].filter((field) => !isSent(body, field)).length;
  const has = (shape: Shape): number => NEEDED[shape].length - lacks(shape);
  if (lacks('url') === 0) return 'url';
  if (lacks('host') === 0) return 'host';
  if (has('url') === 0 && has('host') === 0) return undefined;
  if (isSent(body, 'base_url')) return 'url';
  return has('host') > 0 ? 'host' : 'url';
}

interface Fields {
  required<T>(field: string, kind: Kind<T>): T | undefined;
  optional<T>(field: string, kind: Kind<T>): T | undefined;
  /** What was found wrong so far. */
  readonly errors: readonly FieldError[];
}

function createFields(body: Sent): Fields {
  const errors: FieldError[] = [];

  function optional<T>(field: string, kind: Kind<T>): T | undefined {
    if (!isSent(body, field)) return undefined;
    const value = body[field];
    if (kind.is(value)) return value;
    errors.push({ type: 'value_error', loc: ['body', field], msg: `${field} must be ${kind.must}` });
    return undefined;
  }

  return {
    required(field, kind) {
      if (!isSent(body, field)) errors.push(missing(field));
      return optional(field, kind);
    },
    optional,
    errors,
  };
}

function isSent(body: Sent, field: string): boolean {
  return Object.hasOwn(body, field) && body[field] !== undefined && body[field] !== null;
}

function missing(field: string): FieldError {
  return { type: 'missing', loc: ['body', field], msg: MISSING };
}

function notAnObject(body: unknown): FieldError {
  if (body === undefined) return { type: 'missing', loc: ['body'], msg: MISSING };
  return { type: 'value_error', loc: ['body'], msg: 'the body must be a JSON object' };
}
