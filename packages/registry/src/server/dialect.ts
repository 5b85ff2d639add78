/**
 * What a dialect is to the server: routes over the registry, and the shape of errors that the server itself finds.
 *
 * Dialects never import each other. Adding one touches its own folder and one line of a list.
 */
import type { Clock, InstanceRef, Observation, Registry } from '@rollcall/core';
import type { FastifyInstance } from 'fastify';

export interface Dialect {
  readonly name: 'classic' | 'infini' | 'native';
  /** Adds its routes to a scope of its own. Each route is made with `operation(…)`. */
  routes(app: FastifyInstance, context: DialectContext): void;
  /** Whether a path (as sent, without its query) is this dialect's; of a listener's dialects the first that says so answers for it. */
  owns(path: string): boolean;
  /** The body of an answer that no handler gives: no such route, bad JSON, too large, too slow, a bug. */
  errorBody(status: number, message: string, code: ServerErrorCode): unknown;
  /** The content type of `errorBody`, where it is not `application/json`. */
  readonly errorType?: string;
}

/** What the server itself refuses a request for. */
export type ServerErrorCode =
  | 'bad-request'
  | 'invalid-json'
  | 'not-found'
  | 'method-not-allowed'
  | 'timeout'
  | 'too-large'
  | 'path-too-long'
  | 'headers-too-large'
  | 'internal';

export interface DialectContext {
  readonly registry: Registry;
  readonly clock: Clock;
  readonly settings: DialectSettings;
  /** A random UUID. */
  readonly newId: () => string;
  /** Probes now; at most one a second an instance, shared. Undefined: nothing was learned. */
  readonly probeNow: (ref: InstanceRef, check: number) => Promise<Observation | undefined>;
  /** Prometheus text format 0.0.4. */
  readonly metricsText: () => Promise<string>;
  readonly version: string;
  /** Writes a consistent copy of the store to a file that must not exist; absent where the store has none. */
  readonly backup?: (file: string) => Promise<void>;
}

/** Durations in milliseconds. */
export interface DialectSettings {
  readonly classic: {
    readonly heartbeatTimeoutMs: number;
    readonly serviceTtlMs: number;
    readonly check: { readonly intervalMs: number; readonly timeoutMs: number; readonly failures: number };
    readonly cleanupIntervalMs: number;
  };
  readonly infini: {
    readonly healthIntervalMs: number;
    readonly healthTimeoutMs: number;
    readonly cleanupIntervalMs: number;
  };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Names the route in metrics. */
    operation?: string;
    /** A body that cannot be read (no JSON, too large) is no body instead of an error. */
    anyBody?: boolean;
  }
}

/** Options of a route: its name in metrics, and whether it works whatever its body is. */
export function operation(name: string, { anyBody = false } = {}): { config: { operation: string; anyBody: boolean } } {
  return { config: { operation: name, anyBody } };
}

/** With every 503: when to try again, in seconds. */
export const RETRY_AFTER_S = '1';
