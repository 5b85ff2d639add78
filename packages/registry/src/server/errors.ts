/**
 * Requests that the server itself refuses, before or without a handler: each is answered in the shape of the dialect that its
 * path belongs to.
 */
import type { Dialect, ServerErrorCode } from './dialect.ts';

/** Refused; the message is for the client. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly status: number;
  readonly code: ServerErrorCode;

  constructor(status: number, code: ServerErrorCode, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export interface ErrorAnswer {
  readonly status: number;
  readonly type: string;
  readonly body: Buffer;
}

export const JSON_TYPE = 'application/json; charset=utf-8';

export function errorAnswer(dialect: Dialect, { status, message, code }: RequestError): ErrorAnswer {
  const body = Buffer.from(JSON.stringify(dialect.errorBody(status, message, code)));
  return { status, type: dialect.errorType ?? JSON_TYPE, body };
}

/** What Fastify found, or a handler threw: ours, a client's mistake, or (undefined) a bug. */
export function asRequestError(error: unknown): RequestError | undefined {
  if (error instanceof RequestError) return error;
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  switch (error.code) {
    case 'FST_ERR_BAD_URL':
      return new RequestError(400, 'bad-request', 'The path is not percent-encoded UTF-8');
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return new RequestError(414, 'path-too-long', 'The path is longer than that of anything that can be registered');
    default:
      return undefined;
  }
}

/** The path of a request target, without its query. */
export function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query < 0 ? target : target.slice(0, query);
}
