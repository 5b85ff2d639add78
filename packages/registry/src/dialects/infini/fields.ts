/**
 * One field of a body at a time, in this dialect's words: what is missing, or what it must be.
 *
 * Bounds are those of `valueLimits`; NUL and other control characters are in no name, for nothing could show or ask for it.
 */
import { isObject, type Kind, type Sent } from '../values.ts';
import { InvalidInput, invalidJson } from './errors.ts';

export function bodyObject(body: unknown): Sent {
  if (!isObject(body)) throw new InvalidInput(invalidJson('the body must be an object'));
  return body;
}

/** Null counts as missing. */
export function required<T>(sent: Sent, field: string, kind: Kind<T>): T {
  const value = optional(sent, field, kind);
  if (value === undefined) throw new InvalidInput({ error: `Missing required field: ${field}` });
  return value;
}

/** Null counts as not sent. */
export function optional<T>(sent: Sent, field: string, kind: Kind<T>): T | undefined {
  const value = Object.hasOwn(sent, field) ? sent[field] : undefined;
  if (value === undefined || value === null) return undefined;
  if (!kind.is(value)) throw new InvalidInput({ error: `Invalid field: ${field} must be ${kind.must}` });
  return value;
}
