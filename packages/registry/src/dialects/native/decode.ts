/**
 * Requests of the native API, checked by its schemas. What breaks one throws `InvalidRequest`, naming each field.
 *
 * Imported by the first request that needs it: loading and compiling the schemas takes a fifth of a second.
 */
import type { InstanceView } from '@rollcall/core';
import {
  DEFAULT_PAGE,
  type InstanceQuery,
  InstanceQuerySchema,
  type IntentRequest,
  IntentRequestSchema,
  ServiceQuerySchema,
} from '@rollcall/protocol';
import { Compile } from 'typebox/compile';
import type { TLocalizedValidationError } from 'typebox/error';
import { type FieldError, InvalidRequest } from './errors.ts';
import { decodeCursor, type PageRequest } from './pages.ts';

const intentRequest = Compile(IntentRequestSchema);
const instanceQuery = Compile(InstanceQuerySchema);
const serviceQuery = Compile(ServiceQuerySchema);

export function decodeIntent(body: unknown): IntentRequest {
  return parsed(intentRequest, body);
}

export interface InstancesRequest extends PageRequest {
  readonly service?: string;
  readonly matches: (view: InstanceView) => boolean;
}

export function decodeInstancesRequest(query: unknown): InstancesRequest {
  const asked: InstanceQuery = parsed(instanceQuery, withNumbers(query));
  const { service, status, tag, zone, model } = asked;
  return {
    ...pageRequest(asked),
    ...(service === undefined ? {} : { service }),
    matches: (view) =>
      (status === undefined || view.status === status) &&
      (tag === undefined || view.record.tags.includes(tag)) &&
      (zone === undefined || view.record.zone === zone) &&
      (model === undefined || view.record.models.includes(model)),
  };
}

export function decodeServicesRequest(query: unknown): PageRequest {
  return pageRequest(parsed(serviceQuery, withNumbers(query)));
}

function pageRequest({ limit, cursor }: Pick<InstanceQuery, 'limit' | 'cursor'>): PageRequest {
  const after = cursor === undefined ? '' : decodeCursor(cursor);
  if (after === undefined) throw new InvalidRequest([{ path: 'cursor', message: 'is not one that this registry gave' }]);
  return { limit: limit ?? DEFAULT_PAGE, after };
}

/** A query holds text; `limit` is a number. */
function withNumbers(query: unknown): unknown {
  const { limit, ...rest } = (query ?? {}) as Readonly<Record<string, unknown>>;
  if (limit === undefined) return rest;
  return { ...rest, limit: typeof limit === 'string' && /^\d+$/.test(limit) ? Number(limit) : limit };
}

interface Parser<T> {
  Check(value: unknown): value is T;
  Errors(value: unknown): readonly TLocalizedValidationError[];
}

function parsed<T>(parser: Parser<T>, value: unknown): T {
  if (parser.Check(value)) return value;
  throw new InvalidRequest(parser.Errors(value).flatMap(fieldErrors));
}

function fieldErrors(error: TLocalizedValidationError): readonly FieldError[] {
  const path = error.instancePath.slice(1);
  switch (error.keyword) {
    case 'required':
      return error.params.requiredProperties.map((name) => ({ path: path === '' ? name : `${path}/${name}`, message: 'is missing' }));
    case 'enum':
      return [{ path, message: `must be one of ${error.params.allowedValues.join(', ')}` }];
    default:
      return [{ path, message: error.message }];
  }
}
