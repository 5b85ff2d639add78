/**
 * Errors of this dialect: `{error}`, as the original says it. A 503 also carries the `code` that tells whether something may
 * have happened, and bad JSON the `detail`. One switch says which status each refusal of the core has.
 */
import type { RegistryError } from '@rollcall/core';

/** The request is not what the table asks for. Answered 400. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput';
  readonly body: ErrorBody;

  constructor(body: ErrorBody) {
    super(body.error);
    this.body = body;
  }
}

/** The original's words; what exactly is wrong stands beside them. */
export function invalidJson(detail: string): ErrorBody {
  return { error: 'Invalid JSON', detail };
}

export interface ErrorBody {
  readonly error: string;
  readonly detail?: string;
  readonly code?: string;
}

export interface Refusal {
  readonly status: number;
  readonly body: ErrorBody;
}

export function notFound(name: string): Refusal {
  return { status: 404, body: { error: `Service '${name}' not found` } };
}

/** What the core refused, for a request about `name`. */
export function refusal(error: RegistryError, name: string): Refusal {
  switch (error.code) {
    case 'unknown-instance':
      return notFound(name);
    case 'other-dialect':
      return { status: 409, body: { error: `'${name}' is the id of an instance that the ${error.dialect} dialect registered` } };
    case 'revision-moved':
      return { status: 409, body: { error: `Service '${name}' changed meanwhile` } };
    case 'limit-reached':
      return { status: 507, body: { error: `The limit of ${error.max} ${error.limit} is reached` } };
    case 'unavailable':
      return { status: 503, body: { error: `Nothing was changed: ${error.reason}`, code: error.code } };
    case 'outcome-unknown':
      return { status: 503, body: { error: `It may have been changed, and repeating is safe: ${error.reason}`, code: error.code } };
  }
}
