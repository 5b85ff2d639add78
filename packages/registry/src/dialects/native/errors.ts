/**
 * Errors of the native API: RFC 9457 problems with a stable code. One record says which status each code has.
 */
import type { RegistryError } from '@rollcall/core';
import type { Problem, ProblemCode } from '@rollcall/protocol';
import { PROBLEM_TYPE } from '@rollcall/protocol/problem-type';
import type { FastifyReply } from 'fastify';
import { RETRY_AFTER_S, type ServerErrorCode } from '../../server/dialect.ts';

const STATUS: Readonly<Record<ProblemCode, number>> = {
  invalid: 400,
  'bad-request': 400,
  'invalid-json': 400,
  'too-large': 413,
  'path-too-long': 414,
  'headers-too-large': 431,
  timeout: 408,
  'not-found': 404,
  'method-not-allowed': 405,
  'unknown-instance': 404,
  'other-dialect': 409,
  'revision-moved': 412,
  'limit-reached': 507,
  unavailable: 503,
  'outcome-unknown': 503,
  'no-backup': 501,
  'backup-running': 409,
  'not-ready': 503,
  internal: 500,
};

export interface FieldError {
  readonly path: string;
  readonly message: string;
}

/** The request breaks a schema. */
export class InvalidRequest extends Error {
  override readonly name = 'InvalidRequest';
  readonly errors: readonly FieldError[];

  constructor(errors: readonly FieldError[]) {
    super(errors.map(({ path, message }) => `${path}: ${message}`).join('; '));
    this.errors = errors;
  }
}

export function problem(code: ProblemCode, detail: string, errors?: readonly FieldError[]): Problem {
  return { type: 'about:blank', title: TITLES[code], status: STATUS[code], detail, code, ...(errors === undefined ? {} : { errors }) };
}

const TITLES: Readonly<Record<ProblemCode, string>> = {
  invalid: 'Invalid request',
  'bad-request': 'Bad request',
  'invalid-json': 'Invalid JSON',
  'too-large': 'Request too large',
  'path-too-long': 'Path too long',
  'headers-too-large': 'Headers too large',
  timeout: 'Request timed out',
  'not-found': 'No such route',
  'method-not-allowed': 'Method not allowed',
  'unknown-instance': 'Unknown instance',
  'other-dialect': 'Instance of another dialect',
  'revision-moved': 'Revision moved',
  'limit-reached': 'Limit reached',
  unavailable: 'Unavailable',
  'outcome-unknown': 'Outcome unknown',
  'no-backup': 'No backup',
  'backup-running': 'Backup running',
  'not-ready': 'Not ready',
  internal: 'Internal error',
};

/** What the core refused, for this API's clients. */
export function refusal(error: RegistryError): Problem {
  switch (error.code) {
    case 'unknown-instance':
      return problem(error.code, `There is no instance '${error.id}'.`);
    case 'other-dialect':
      return problem(error.code, `'${error.id}' was registered by the ${error.dialect} dialect, and only that replaces it.`);
    case 'revision-moved':
      return problem(error.code, `'${error.id}' is at revision ${error.revision} by now: read it again.`);
    case 'limit-reached':
      return problem(error.code, `The limit of ${error.max} ${error.limit} is reached: remove some, or raise it.`);
    case 'unavailable':
      return problem(error.code, `Nothing was changed: ${error.reason}`);
    case 'outcome-unknown':
      return problem(error.code, `It may have been changed, and repeating is safe: ${error.reason}`);
  }
}

/** What the server itself refuses a request for, with the status that it gives. */
export function errorBody(status: number, message: string, code: ServerErrorCode): Problem {
  return { ...problem(code, message), status };
}

export function sendProblem(reply: FastifyReply, answer: Problem): FastifyReply {
  if (answer.status === 503) reply.header('retry-after', RETRY_AFTER_S);
  return reply.code(answer.status).type(PROBLEM_TYPE).send(answer);
}
