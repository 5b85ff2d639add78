/**
 * The classic dialect: the Python registry and the serviceCore registry, whose paths agree, at the root of the main listener.
 *
 * A handler decodes, calls one use case of the registry, and encodes. What decoding throws is answered 422.
 */
import type { Readable } from 'node:stream';
import type { InstanceId } from '@rollcall/core';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type AnswerSource, type Body, createAnswerCache } from '../../server/answer-cache.ts';
import { type Dialect, type DialectContext, operation } from '../../server/dialect.ts';
import { JSON_TYPE } from '../../server/errors.ts';
import { STREAMED_FROM, streamed } from '../../server/streamed.ts';
import { decodeRegistration } from './decode.ts';
import { encodeDone, encodeRegistered, encodeService, encodeServices, encodeStatus, isoTime } from './encode.ts';
import { InvalidBody, refusal, refuse, unknownInstance, unknownService } from './errors.ts';
import { frontPage, frontPageHtml } from './front-page.ts';

export const classicDialect: Dialect = {
  name: 'classic',
  routes,
  owns: (path) => path !== '/ready' && path !== '/api/v1' && !path.startsWith('/api/v1/'),
  errorBody: (_status, detail) => ({ detail }),
};

interface OfInstance {
  readonly Params: { readonly id: InstanceId };
}
interface OfService {
  readonly Params: { readonly name: string };
  readonly Querystring: All;
}
interface All {
  readonly all?: unknown;
}

function routes(app: FastifyInstance, context: DialectContext): void {
  const { registry, clock, settings, newId, metricsText, version } = context;

  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof InvalidBody)) throw error;
    return reply.code(422).send({ detail: error.errors });
  });

  app.post('/register', operation('register'), async ({ body }, reply) => {
    const draft = decodeRegistration(body, newId() as InstanceId, settings.classic);
    const outcome = await registry.submit({ kind: 'register', draft, identical: 'replace' });
    if (outcome.kind === 'rejected') return refuse(reply, refusal(outcome.error));
    const view = registry.instance(draft.id);
    if (view === undefined) return refuse(reply, unknownInstance(draft.id));
    return reply.code(201).send(encodeRegistered(view));
  });

  app.post<OfInstance>('/heartbeat/:id', operation('heartbeat', { anyBody: true }), ({ params: { id } }, reply) => {
    const heard = registry.heartbeat(id);
    if (typeof heard === 'boolean') return answerHeartbeat(reply, id, heard);
    return heard.then((later) => answerHeartbeat(reply, id, later));
  });

  app.delete<OfInstance>('/deregister/:id', operation('deregister'), async ({ params: { id } }, reply) => {
    const outcome = await registry.submit({ kind: 'deregister', id });
    return outcome.kind === 'rejected' ? refuse(reply, refusal(outcome.error)) : sendJson(reply, encodeDone(id));
  });

  // Keys: a name; beside them what no name can be, for a NUL is in none.
  const answers = createAnswerCache(clock);
  const sendKept = (reply: FastifyReply, key: string, source: AnswerSource, make: () => Iterable<string>): FastifyReply =>
    sendJson(reply, answers.answer(key, source, make));

  app.get<OfService>('/services/:name', operation('discover'), ({ params: { name }, query }, reply) => {
    const all = wantsAll(query);
    const service = registry.service(name);
    if (service === undefined || !(all || service.discoverable > 0)) return refuse(reply, unknownService(name));
    if (service.size > STREAMED_FROM) return sendJson(reply, streamed(encodeService(service, all)));
    return sendKept(reply, all ? `\0all ${name}` : name, service, () => encodeService(service, all));
  });

  app.get<{ readonly Querystring: All }>('/services', operation('services'), ({ query }, reply) => {
    const all = wantsAll(query);
    if (registry.counts.instances > STREAMED_FROM) return sendJson(reply, streamed(encodeServices(registry, all)));
    return sendKept(reply, all ? '\0services all' : '\0services', registry, () => encodeServices(registry, all));
  });

  app.get('/status', operation('status'), (_request, reply) => {
    if (registry.counts.services > STREAMED_FROM) return sendJson(reply, streamed(encodeStatus(registry)));
    return sendKept(reply, '\0status', registry, () => encodeStatus(registry));
  });

  app.get('/health', operation('health'), (_request, reply) => {
    const { instances, discoverable } = registry.counts;
    return reply.send({
      status: 'healthy',
      service: 'registry',
      registry: 'running',
      registered_services: instances,
      healthy_services: discoverable,
      timestamp: isoTime(clock.wallMs()),
    });
  });

  app.get('/metrics', operation('metrics'), async (_request, reply) =>
    reply.header('content-type', 'text/plain; version=0.0.4; charset=utf-8').send(await metricsText()),
  );

  app.get('/', operation('front-page'), ({ headers }, reply) => {
    const page = frontPage(version);
    if (headers.accept?.includes('text/html') !== true) return reply.send(page);
    return reply.header('content-type', 'text/html; charset=utf-8').send(frontPageHtml(page));
  });
}

function answerHeartbeat(reply: FastifyReply, id: InstanceId, heard: boolean): FastifyReply {
  return heard ? sendJson(reply, encodeDone(id)) : refuse(reply, unknownInstance(id));
}

function sendJson(reply: FastifyReply, body: Body | Readable): FastifyReply {
  return reply.header('content-type', JSON_TYPE).send(body);
}

/** Anything but `true` or `1` means the discoverable ones only. */
function wantsAll({ all }: All): boolean {
  const last: unknown = Array.isArray(all) ? all.at(-1) : all;
  return typeof last === 'string' && (last === '1' || last.toLowerCase() === 'true');
}
