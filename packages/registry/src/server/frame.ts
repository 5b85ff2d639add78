/**
 * A listener that serves a list of dialects: everything about HTTP that is the same for all of them.
 *
 * Guarantees: every request is answered in the shape of the dialect that its path belongs to, or its connection is closed in
 * time; no input ends the process; `close` lets running requests finish within `stopTimeoutMs`, closes idle connections at
 * once, and cuts the rest. Bounds: `limits.ts`.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { acceptAnyBody } from './body.ts';
import { createClientErrorHandler } from './client-error.ts';
import type { Dialect, DialectContext } from './dialect.ts';
import { asRequestError, errorAnswer, pathOf, RequestError } from './errors.ts';
import { DRAIN_BYTES, PARAM_CHARS, type ServerLimits, TIMEOUT_CHECK_MS } from './limits.ts';
import { bind } from './listen.ts';
import { knownRoutes, type KnownRoutes } from './routes.ts';
import { type Record, timeHandlers } from './timed.ts';

export interface ListenerOptions {
  /** `localhost` is both loopback addresses. */
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** At least one. The first answers for what belongs to none. */
  readonly dialects: readonly [Dialect, ...Dialect[]];
  readonly context: DialectContext;
  readonly limits: ServerLimits;
  readonly log?: { error(fields: object, message: string): void };
  /** For metrics. */
  readonly record?: Record;
}

export interface Listener {
  readonly address: { readonly host: string; readonly port: number };
  /** Idempotent. */
  close(): Promise<void>;
}

/** Rejects with Node's error where the address cannot be listened on (`EADDRINUSE`, `EACCES`, …). */
export async function openListener(options: ListenerOptions): Promise<Listener> {
  const { host, port, dialects, limits } = options;
  const app = createApp(options);
  await app.ready();
  let closing = false;

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    // What it says about itself is of no use, and Fastify would refuse what it cannot parse.
    if (request.headers['content-type'] !== undefined) request.headers['content-type'] = undefined;
    if (closing) response.setHeader('connection', 'close');
    app.routing(request, response);
  }

  const bound = await bind(host, port, () => createHttpServer(onRequest, dialects[0], limits));
  return {
    address: bound.address,
    async close() {
      closing = true;
      await bound.close(limits.stopTimeoutMs);
      await app.close();
    },
  };
}

function createHttpServer(
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
  dialect: Dialect,
  limits: ServerLimits,
): Server {
  const server = createServer(
    {
      headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
      requestTimeout: limits.requestTimeoutMs,
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      connectionsCheckingInterval: TIMEOUT_CHECK_MS,
      // Hand-written clients leave it out, and nothing here depends on it.
      requireHostHeader: false,
    },
    onRequest,
  );
  server.timeout = limits.idleTimeoutMs;
  server.maxConnections = limits.maxConnections;
  server.on('checkExpectation', onRequest);
  server.on('clientError', createClientErrorHandler(dialect));
  return server;
}

function createApp({ dialects, context, limits, log, record = () => () => undefined }: ListenerOptions): FastifyInstance {
  const ownerOf = (target: string): Dialect => dialects.find((dialect) => dialect.owns(pathOf(target))) ?? dialects[0];
  const refused = new Map(dialects.map((dialect) => [dialect, record(dialect.name, 'refused')]));

  function refuse(request: FastifyRequest, reply: FastifyReply, error: RequestError): FastifyReply {
    const dialect = ownerOf(request.url);
    const { status, type, body } = errorAnswer(dialect, error);
    // Counted, not timed: no handler ran.
    refused.get(dialect)?.(0);
    // Fastify would close after every body that it could not take; only a long one is worth it.
    const { raw } = reply;
    const short = Number(request.headers['content-length'] ?? 0) <= DRAIN_BYTES;
    reply.header('connection', short && raw.shouldKeepAlive && !raw.hasHeader('connection') ? 'keep-alive' : 'close');
    return reply.code(status).header('content-type', type).send(body);
  }

  function onError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const known = asRequestError(error);
    if (known !== undefined) return refuse(request, reply, known);
    log?.error({ error, method: request.method, path: pathOf(request.url) }, 'A request failed: this is a bug, please report it');
    return refuse(request, reply, new RequestError(500, 'internal', 'Internal error'));
  }

  const app = fastify({
    logger: false,
    routerOptions: { maxParamLength: PARAM_CHARS, ignoreTrailingSlash: true },
    frameworkErrors: (error, request, reply) => {
      void onError(error, request, reply);
    },
  });
  const known = knownRoutes(app);
  acceptAnyBody(app, limits.bodyBytes);
  app.setErrorHandler(onError);
  app.setNotFoundHandler((request, reply) => refuseUnknown(known, request, reply, refuse));
  for (const dialect of dialects) {
    void app.register(async (scope) => {
      timeHandlers(scope, dialect.name, record);
      dialect.routes(scope, context);
    });
  }
  return app;
}

function refuseUnknown(
  known: KnownRoutes,
  request: FastifyRequest,
  reply: FastifyReply,
  refuse: (request: FastifyRequest, reply: FastifyReply, error: RequestError) => FastifyReply,
): FastifyReply {
  const methods = known.methodsFor(pathOf(request.url));
  if (methods.length === 0) return refuse(request, reply, new RequestError(404, 'not-found', 'There is nothing at this path'));
  const allowed = methods.join(', ');
  return refuse(request, reply.header('allow', allowed), new RequestError(405, 'method-not-allowed', `This path knows ${allowed} only`));
}
