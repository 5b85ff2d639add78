/**
 * One field of a body at a time, in this dialect's words: what is missing, or what it must be.
 *
 * Bounds are those of `valueLimits`; NUL and other control characters are in no name, for nothing could show or ask for it.
 */
import type { JsonObject } from '@rollcall/core';
import { valueLimits } from '@rollcall/core';
import { InvalidInput, invalidJson } from './errors.ts';

export type Sent = Readonly<Record<string, unknown>>;

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

export interface Kind<T> {
  readonly is: (value: unknown) => value is T;
  /** Ends the sentence "the field must be …". */
  readonly must: string;
}

export const NAME = text(valueLimits.nameChars);
export const URL_TEXT = text(valueLimits.urlChars);
export const PORT: Kind<number> = {
  is: (value): value is number => isAmount(value, 65_535) && Number.isInteger(value),
  must: 'an integer from 0 to 65535',
};
export const WEIGHT: Kind<number> = {
  is: (value): value is number => isAmount(value, valueLimits.weight),
  must: `a number from 0 to ${valueLimits.weight}`,
};
export const METADATA: Kind<JsonObject> = {
  is: (value): value is JsonObject =>
    isObject(value) && isWithinDepth(value, valueLimits.metadataDepth) && JSON.stringify(value).length <= valueLimits.metadataChars,
  must: `an object of at most ${valueLimits.metadataChars} characters as JSON and ${valueLimits.metadataDepth} levels`,
};

function text(maxChars: number): Kind<string> {
  return {
    is: (value): value is string => typeof value === 'string' && value !== '' && value.length <= maxChars && isPlain(value),
    must: `a string of 1 to ${maxChars} characters without control characters`,
  };
}

function isPlain(value: string): boolean {
  return value.isWellFormed() && !/\p{Cc}/u.test(value);
}

function isAmount(value: unknown, max: number): value is number {
  return typeof value === 'number' && value >= 0 && value <= max;
}

function isObject(value: unknown): value is Sent {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** Whether objects and arrays lie at most `levels` deep; looks no deeper than that. */
function isWithinDepth(value: unknown, levels: number): boolean {
  if (value === null || typeof value !== 'object') return true;
  return levels > 0 && Object.values(value).every((inner) => isWithinDepth(inner, levels - 1));
}
