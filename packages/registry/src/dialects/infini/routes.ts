/**
 * The infini dialect (the original `infini-registry` and its Python ancestor): one name is one registration.
 *
 * A handler decodes, calls one use case of the registry, and encodes. What it throws as `InvalidInput` is answered 400.
 */
import type { FastifyInstance, FastifyReply } from 'fastify';
import { type Dialect, type DialectContext, operation, RETRY_AFTER_S } from '../../server/dialect.ts';
import { decodeFilter, decodeHeartbeat, decodeRegistration, decodeUpdate } from './decode.ts';
import { doneMessage, encodeHealth, encodeInfo, justRegistered, rfc3339 } from './encode.ts';
import { InvalidInput, invalidJson, notFound, refusal, type Refusal } from './errors.ts';
import { createList } from './list.ts';
import { DIALECT, findByName, idMeant } from './names.ts';
import { createStats } from './stats.ts';
import { update } from './update.ts';

export const infiniDialect: Dialect = {
  name: 'infini',
  routes,
  owns,
  errorBody: (_status, message, code) => (code === 'invalid-json' ? invalidJson(message) : { error: message }),
};

function owns(path: string): boolean {
  return /^\/(health|stats|services)(\/|$)/.test(path);
}

interface Named {
  readonly Params: { readonly name: string };
}

function routes(app: FastifyInstance, context: DialectContext): void {
  const { registry, clock, settings, probeNow } = context;
  const times = settings.infini;
  const sendList = createList(context);
  const figures = createStats(registry, clock);
  const startedAtMs = clock.monotonicMs();
  const now = () => rfc3339(clock.wallMs());

  app.setErrorHandler(async (error, _request, reply) => {
    if (error instanceof InvalidInput) return reply.code(400).send(error.body);
    throw error;
  });

  app.get('/health', operation('health'), () => {
    const { instances, discoverable } = registry.counts;
    return {
      status: 'healthy',
      registry: 'running',
      registered_services: instances,
      healthy_services: discoverable,
      timestamp: now(),
    };
  });

  app.get('/services', operation('list'), ({ query }, reply) => sendList(reply, decodeFilter(query)));

  app.post('/services', operation('register'), async (request, reply) => {
    const draft = decodeRegistration(request.body, times);
    const outcome = await registry.submit({ kind: 'register', draft, identical: 'replace' });
    if (outcome.kind === 'rejected') return refuse(reply, refusal(outcome.error, draft.service));
    const view = registry.instance(draft.id) ?? justRegistered(draft, clock.wallMs());
    return reply.code(201).send({ message: doneMessage(draft.service, 'registered'), service: encodeInfo(view) });
  });

  app.get<Named>('/services/:name', operation('get'), ({ params: { name } }, reply) => {
    const view = findByName(registry, name);
    return view === undefined ? refuse(reply, notFound(name)) : reply.send(encodeInfo(view));
  });

  app.put<Named>('/services/:name', operation('update'), async ({ params: { name }, body }, reply) => {
    const updated = await update(registry, name, (record) => decodeUpdate(body, record, times));
    if (updated.kind === 'refused') return refuse(reply, updated.refusal);
    return reply.send({ message: doneMessage(name, 'updated'), service: encodeInfo(updated.view) });
  });

  app.delete<Named>('/services/:name', operation('deregister'), async ({ params: { name } }, reply) => {
    // One that expired is forgotten, and no heartbeat revives it after this.
    const id = idMeant(registry, name);
    if (id === undefined) return refuse(reply, notFound(name));
    const outcome = await registry.submit({ kind: 'deregister', id });
    if (outcome.kind === 'rejected') return refuse(reply, refusal(outcome.error, name));
    return reply.send({ message: doneMessage(name, 'unregistered') });
  });

  app.post<Named>('/services/:name/heartbeat', operation('heartbeat', { anyBody: true }), async ({ params: { name }, body }, reply) => {
    const id = idMeant(registry, name);
    const heard = id !== undefined && (await registry.heartbeat(id, decodeHeartbeat(body)));
    return heard ? reply.send({ message: 'Heartbeat received', timestamp: now() }) : refuse(reply, notFound(name));
  });

  app.get<Named>('/services/:name/health', operation('health-of'), async ({ params: { name } }, reply) => {
    const view = findByName(registry, name);
    if (view === undefined) return refuse(reply, notFound(name));
    const { id, dialect } = view.record;
    const seen = await probeNow(view.ref, 0);
    // Elsewhere a heartbeat would say that the client sends its own, and end the renewals by check.
    if (seen?.state === 'passing' && dialect === DIALECT) await registry.heartbeat(id);
    const after = registry.instance(id);
    if (after === undefined) return refuse(reply, notFound(name));
    return reply.send(encodeHealth(after, name, seen, clock.wallMs()));
  });

  app.get('/stats', operation('stats'), async () => ({
    ...(await figures()),
    uptime: Math.round(clock.monotonicMs() - startedAtMs) / 1_000,
    timestamp: now(),
  }));
}

function refuse(reply: FastifyReply, { status, body }: Refusal): FastifyReply {
  if (status === 503) reply.header('retry-after', RETRY_AFTER_S);
  return reply.code(status).send(body);
}
