/**
 * Measures every handler of a scope, from its call to its answer being ready. One clock read before and one after, and one
 * call of a recorder that was bound when the route was made: nothing is allocated for it.
 */
import type { FastifyInstance, RouteHandlerMethod } from 'fastify';

/** Gives the recorder of one operation of one dialect, in ms. */
export type Record = (dialect: string, operation: string) => (tookMs: number) => void;

export function timeHandlers(scope: FastifyInstance, dialect: string, record: Record): void {
  scope.addHook('onRoute', (route) => {
    const operation = route.config?.operation;
    if (operation !== undefined) route.handler = timed(route.handler, record(dialect, operation));
  });
}

function timed(handler: RouteHandlerMethod, record: (tookMs: number) => void): RouteHandlerMethod {
  return function timedHandler(request, reply) {
    const startedMs = performance.now();
    const answer: unknown = handler.call(this, request, reply);
    if (answer instanceof Promise) {
      const end = (): void => record(performance.now() - startedMs);
      answer.then(end, end);
    } else {
      record(performance.now() - startedMs);
    }
    return answer;
  };
}
