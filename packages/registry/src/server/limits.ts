/**
 * Every bound on what one listener gives its clients: time, connections, bytes. Flags may change those of `ServerLimits`;
 * `pathChars` and `jsonDepth` follow from what names and metadata may be.
 */
import { valueLimits } from '@rollcall/core';

/** Durations in milliseconds. */
export interface ServerLimits {
  /** From the first byte of a request to the end of its headers. */
  readonly headersTimeoutMs: number;
  /** From the first byte of a request to the end of its body. */
  readonly requestTimeoutMs: number;
  /** How long a connection may be quiet between two requests: longer than balancers keep theirs, so that they close first. */
  readonly keepAliveTimeoutMs: number;
  /** How long a connection may be quiet in the middle of an answer: a client that does not read is cut off. */
  readonly idleTimeoutMs: number;
  /** Open connections; one more is closed at once. */
  readonly maxConnections: number;
  /** How long running requests have to finish when the listener closes. */
  readonly stopTimeoutMs: number;
  readonly bodyBytes: number;
}

export const serverLimits: ServerLimits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
  idleTimeoutMs: 120_000,
  maxConnections: 10_000,
  stopTimeoutMs: 10_000,
  bodyBytes: valueLimits.bodyBytes,
};

/** One path parameter as sent: a name, `@` and an id, where each UTF-16 unit may be percent-encoded as nine characters. */
export const PARAM_CHARS = 9 * (2 * valueLimits.nameChars + 1);
/** Levels of objects and arrays in a body. Metadata may have fewer, and its own validator says so. */
export const JSON_DEPTH = 64;
/** A refused body of at most this many bytes is read to its end, so that the connection can go on; else it is closed. */
export const DRAIN_BYTES = 8 * valueLimits.bodyBytes;
/** How often connections are looked at for time-outs, in ms. */
export const TIMEOUT_CHECK_MS = 1_000;
