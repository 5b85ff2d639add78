/** The worker's failures in the port's words. */
import { StoreError, StoreOpenError } from '@rollcall/core';
import { type Outcome, StoreFailure } from './errors.ts';

export function portError(outcome: Outcome, reason: string, options?: ErrorOptions): StoreError | StoreOpenError {
  return outcome === 'not-opened' ? new StoreOpenError(reason, options) : new StoreError(outcome, reason, options);
}

export function asPortError(error: unknown): unknown {
  return error instanceof StoreFailure ? portError(error.outcome, error.message, { cause: error.cause }) : error;
}
