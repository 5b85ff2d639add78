/**
 * The native API under `/api/v1`, and `/ready`. So far what operators need: status, lists, one instance, its removal (of any
 * dialect: whoever operates may remove what nobody else does), its intent, a backup.
 *
 * Every answer says which revision its view has, and how old that view may be.
 */
import type { InstanceId, InstanceView, IntentTarget } from '@rollcall/core';
import type { InstanceList, Ready, ServiceList, Status } from '@rollcall/protocol';
import { PROBLEM_TYPE } from '@rollcall/protocol/problem-type';
import type { FastifyInstance } from 'fastify';
import { type Dialect, type DialectContext, operation } from '../../server/dialect.ts';
import { backupRoute } from './backup.ts';
import { encodeInstance, encodeService, encodeStatus, STALE_MS } from './encode.ts';
import { errorBody, InvalidRequest, problem, refusal, sendProblem } from './errors.ts';
import { encodeCursor, type Page, pageOf } from './pages.ts';

export const nativeDialect: Dialect = { name: 'native', routes, owns, errorBody, errorType: PROBLEM_TYPE };

function owns(path: string): boolean {
  return path === '/ready' || path === '/api/v1' || path.startsWith('/api/v1/');
}

interface OfInstance {
  readonly Params: { readonly id: string };
}

function routes(app: FastifyInstance, context: DialectContext): void {
  const { registry, clock, version } = context;
  const startedAtMs = clock.monotonicMs();

  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-rollcall-revision', registry.state.revision).header('x-rollcall-stale-ms', STALE_MS);
  });

  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof InvalidRequest)) throw error;
    return sendProblem(reply, problem('invalid', error.message, error.errors));
  });

  app.get('/ready', operation('ready'), (): Ready => ({ status: 'ready' }));

  app.get('/api/v1/status', operation('status'), (): Status => {
    return encodeStatus(registry, { version, uptimeMs: clock.monotonicMs() - startedAtMs });
  });

  app.get('/api/v1/services', operation('services'), async ({ query }): Promise<ServiceList> => {
    const asked = (await decode()).decodeServicesRequest(query);
    const { revision } = registry.state;
    const page = await pageOf(registry.services(), ({ name }) => name, asked);
    return { revision, services: page.entries.map(encodeService), ...nextCursor(page) };
  });

  app.get('/api/v1/instances', operation('instances'), async ({ query }): Promise<InstanceList> => {
    const asked = (await decode()).decodeInstancesRequest(query);
    const { revision } = registry.state;
    const all = asked.service === undefined ? registry.instances() : (registry.service(asked.service)?.instances() ?? []);
    const page = await pageOf(all, (view) => (asked.matches(view) ? view.record.id : undefined), asked);
    return { revision, instances: page.entries.map(encodeInstance), ...nextCursor(page) };
  });

  app.get<OfInstance>('/api/v1/instances/:id', operation('instance'), ({ params }, reply) => {
    const view = registry.instance(params.id as InstanceId);
    return view === undefined ? sendProblem(reply, unknown(params.id)) : encodeInstance(view);
  });

  app.delete<OfInstance>('/api/v1/instances/:id', operation('deregister'), async ({ params }, reply) => {
    const outcome = await registry.submit({ kind: 'deregister', id: params.id as InstanceId });
    return outcome.kind === 'rejected' ? sendProblem(reply, refusal(outcome.error)) : reply.code(204).send();
  });

  app.put<OfInstance>('/api/v1/instances/:id/intent', operation('intent'), async ({ params, body }, reply) => {
    const { intent, reason, byAddress = false } = (await decode()).decodeIntent(body);
    const view = registry.instance(params.id as InstanceId);
    if (view === undefined) return sendProblem(reply, unknown(params.id));
    const outcome = await registry.submit({
      kind: 'intent',
      target: targetOf(view, byAddress),
      intent,
      ...(reason === undefined ? {} : { reason }),
    });
    if (outcome.kind === 'rejected') return sendProblem(reply, refusal(outcome.error));
    const after = registry.instance(view.record.id);
    return after === undefined ? sendProblem(reply, unknown(params.id)) : encodeInstance(after);
  });

  backupRoute(app, context);
}

/** See there why it is not imported at the start. */
const decode = () => import('./decode.ts');

function targetOf({ record }: InstanceView, byAddress: boolean): IntentTarget {
  if (!byAddress) return { kind: 'instance', id: record.id };
  return { kind: 'address', service: record.service, host: record.address.host, port: record.address.port };
}

function unknown(id: string): ReturnType<typeof refusal> {
  return refusal({ code: 'unknown-instance', id });
}

function nextCursor({ next }: Page<unknown>): { nextCursor?: string } {
  return next === undefined ? {} : { nextCursor: encodeCursor(next) };
}
