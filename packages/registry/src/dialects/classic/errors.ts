/**
 * Errors of this dialect, in the shape of FastAPI that clients of the original know: `{detail}`, a sentence; for a body that is
 * neither shape a list with one entry a bad field, `{type, loc: ["body", field], msg}`. A 503 also carries the `code` that tells
 * whether something may have happened.
 */
import type { RegistryError } from '@rollcall/core';
import type { FastifyReply } from 'fastify';
import { RETRY_AFTER_S } from '../../server/dialect.ts';

export interface FieldError {
  readonly type: 'missing' | 'value_error';
  readonly loc: readonly string[];
  readonly msg: string;
}

/** The body is neither shape; answered 422. */
export class InvalidBody extends Error {
  override readonly name = 'InvalidBody';
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super('The body is neither shape of a registration');
    this.errors = errors;
  }
}

export interface Refusal {
  readonly status: number;
  readonly body: ErrorBody;
}

export interface ErrorBody {
  readonly detail: string;
  /** Of a 503. */
  readonly code?: string;
  /** Of a service that is not there: beside `detail`, what an empty service looks like, for clients that read on after a 404. */
  readonly service_name?: string;
  readonly instances?: readonly [];
  readonly count?: 0;
}

export function unknownInstance(id: string): Refusal {
  return { status: 404, body: { detail: `Instance '${id}' not found` } };
}

export function unknownService(name: string): Refusal {
  return { status: 404, body: { detail: `Service '${name}' not found`, service_name: name, instances: [], count: 0 } };
}

/** What the core refused. */
export function refusal(error: RegistryError): Refusal {
  switch (error.code) {
    case 'unknown-instance':
      return unknownInstance(error.id);
    case 'other-dialect':
      return { status: 409, body: { detail: `Instance '${error.id}' was registered by the ${error.dialect} dialect` } };
    case 'revision-moved':
      return { status: 409, body: { detail: `Instance '${error.id}' changed meanwhile` } };
    case 'limit-reached':
      return { status: 507, body: { detail: `The limit of ${error.max} ${error.limit} is reached` } };
    case 'unavailable':
      return { status: 503, body: { detail: `Nothing was changed: ${error.reason}`, code: error.code } };
    case 'outcome-unknown':
      return { status: 503, body: { detail: `It may have been changed, and repeating is safe: ${error.reason}`, code: error.code } };
  }
}

export function refuse(reply: FastifyReply, { status, body }: Refusal): FastifyReply {
  if (status === 503) reply.header('retry-after', RETRY_AFTER_S);
  return reply.code(status).send(body);
}
