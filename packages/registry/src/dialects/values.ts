/**
 * Kinds of value that a body may have, for all dialects: whether a value is one, and in words what it must be. Each dialect
 * decides what it calls the field and how it says so. Bounds are those of `valueLimits`.
 *
 * NUL and other control characters are in no name and nowhere in metadata do NULs occur: nothing could show or ask for them,
 * and programs that are handed them cut strings short.
 */
import { isIPv6 } from 'node:net';
import { type JsonObject, valueLimits } from '@rollcall/core';
import { unbracketed, urlAddress } from './address.ts';

export interface Kind<T> {
  readonly is: (value: unknown) => value is T;
  /** Ends the sentence "the field must be …". */
  readonly must: string;
}

/** A parsed JSON object. */
export type Sent = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is Sent {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

export const NAME: Kind<string> = text(valueLimits.nameChars);
export const URL_TEXT: Kind<string> = text(valueLimits.urlChars);

/** Where something can be connected to. */
export const PORT: Kind<number> = port(1);
/** As `PORT`, or 0. */
export const PORT_OR_ZERO: Kind<number> = port(0);

export const WEIGHT: Kind<number> = {
  is: (value): value is number => isAmount(value, 0, valueLimits.weight),
  must: `a number from 0 to ${valueLimits.weight}`,
};

export const METADATA: Kind<JsonObject> = {
  is: (value): value is JsonObject =>
    isObject(value) && isWellMade(value, valueLimits.metadataDepth) && JSON.stringify(value).length <= valueLimits.metadataChars,
  must: `an object of at most ${valueLimits.metadataChars} characters as JSON and ${valueLimits.metadataDepth} levels, without NUL characters`,
};

/** A name, an IPv4 address, or an IPv6 address with or without brackets. */
export const HOST: Kind<string> = {
  is: (value): value is string => typeof value === 'string' && value.length <= valueLimits.nameChars && isHost(value),
  must: `a host name or an IP address of at most ${valueLimits.nameChars} characters`,
};

/** An `http:` or `https:` URL with a host and a port that can be connected to. */
export const HTTP_URL: Kind<string> = {
  is: (value): value is string => URL_TEXT.is(value) && isHttpUrl(value),
  must: `an http or https URL of at most ${valueLimits.urlChars} characters`,
};

/** What may follow host and port in a URL, and can lead to no other host. */
export const PATH: Kind<string> = {
  is: (value): value is string => typeof value === 'string' && value.length <= valueLimits.urlChars && PATH_PATTERN.test(value),
  must: `a path of at most ${valueLimits.urlChars} characters that begins with one "/"`,
};

const PATH_PATTERN = /^\/(?![/\\])[\x21-\x7e]*$/;
const HOST_NAME_PATTERN = /^[\p{L}\p{N}_](?:[\p{L}\p{N}\p{M}._-]*[\p{L}\p{N}\p{M}_.])?$/u;

function text(maxChars: number): Kind<string> {
  return {
    is: (value): value is string => typeof value === 'string' && value !== '' && value.length <= maxChars && isPlain(value),
    must: `a string of 1 to ${maxChars} characters without control characters`,
  };
}

function port(min: number): Kind<number> {
  return {
    is: (value): value is number => isAmount(value, min, 65_535) && Number.isInteger(value),
    must: `an integer from ${min} to 65535`,
  };
}

function isPlain(value: string): boolean {
  return value.isWellFormed() && !/\p{Cc}/u.test(value);
}

function isAmount(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && value >= min && value <= max;
}

function isHost(value: string): boolean {
  const host = unbracketed(value);
  if (host.includes(':')) return isIPv6(host) && !host.includes('%');
  return host === value && HOST_NAME_PATTERN.test(host);
}

function isHttpUrl(value: string): boolean {
  if (!/^https?:\/\/[^\s/?#\\]/i.test(value) || /[\s\\]/.test(value)) return false;
  const address = urlAddress(value);
  return address !== undefined && PORT.is(address.port);
}

/** Objects and arrays at most `levels` deep, and no NUL in any key or string; looks no deeper than that. */
function isWellMade(value: unknown, levels: number): boolean {
  if (typeof value === 'string') return !value.includes('\0');
  if (value === null || typeof value !== 'object') return true;
  if (levels === 0) return false;
  if (Array.isArray(value)) return value.every((inner) => isWellMade(inner, levels - 1));
  return Object.entries(value).every(([key, inner]) => !key.includes('\0') && isWellMade(inner, levels - 1));
}
