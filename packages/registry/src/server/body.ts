/**
 * Reads bodies for every route: as JSON, whatever the content type says or does not say, so 415 does not exist.
 *
 * GET, HEAD and DELETE have no body, whatever is sent. An empty body is `undefined`. A body over the limit is refused without
 * being kept; up to `DRAIN_BYTES` it is read to its end, so that a client that sends before it reads still sees the answer.
 */
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RequestError } from './errors.ts';
import { parseJson } from './json.ts';

type Done = (error: Error | null, body?: unknown) => void;

export function acceptAnyBody(app: FastifyInstance, maxBytes: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (request: FastifyRequest, raw: IncomingMessage, done: Done) => {
    if (request.method === 'DELETE' || request.is404) return done(null, undefined);
    const lenient = request.routeOptions.config.anyBody === true;
    collect(raw, maxBytes, (error, bytes) => {
      if (error !== null) return lenient && error.code === 'too-large' ? done(null, undefined) : done(error);
      if (bytes.length === 0) return done(null, undefined);
      const parsed = parseJson(bytes);
      if ('value' in parsed) return done(null, parsed.value);
      if (lenient) return done(null, undefined);
      return done(new RequestError(400, 'invalid-json', `Invalid JSON: ${parsed.problem}`));
    });
  });
}

/** Calls back once: all bytes, or why not. */
function collect(raw: IncomingMessage, maxBytes: number, done: (error: RequestError | null, bytes: Buffer) => void): void {
  const chunks: Buffer[] = [];
  let length = 0;

  function stop(): void {
    raw.off('data', onData);
    raw.off('end', onEnd);
    raw.off('error', onError);
  }
  function onData(chunk: Buffer): void {
    length += chunk.length;
    if (length <= maxBytes) {
      chunks.push(chunk);
      return;
    }
    stop();
    // The error of a connection that is closed meanwhile is nobody's news.
    raw.on('error', () => undefined);
    raw.resume();
    done(tooLarge(maxBytes), EMPTY);
  }
  function onEnd(): void {
    stop();
    const [only = EMPTY] = chunks;
    done(null, chunks.length <= 1 ? only : Buffer.concat(chunks, length));
  }
  function onError(): void {
    stop();
    done(new RequestError(400, 'bad-request', 'The body ended early'), EMPTY);
  }

  if (Number(raw.headers['content-length']) > maxBytes) return done(tooLarge(maxBytes), EMPTY);
  raw.on('data', onData);
  raw.on('end', onEnd);
  raw.on('error', onError);
}

const EMPTY = Buffer.alloc(0);

function tooLarge(maxBytes: number): RequestError {
  return new RequestError(413, 'too-large', `The body is larger than ${maxBytes} bytes`);
}
