/** A dialect that answers what it was asked, and listeners for it that are closed after each test. */
import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { afterEach } from 'vitest';
import { type Dialect, type DialectContext, operation } from '../../src/server/dialect.ts';
import { type Listener, type ListenerOptions, openListener } from '../../src/server/frame.ts';
import { type ServerLimits, serverLimits } from '../../src/server/limits.ts';

const listeners: Listener[] = [];
afterEach(() => Promise.all(listeners.splice(0).map((listener) => listener.close())));

/** A slow route waits until `release` is called. */
export function createEcho() {
  const released = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const dialect: Dialect = {
    name: 'classic',
    owns: (path) => !path.startsWith('/other'),
    errorBody: (status, message, code) => ({ shape: 'echo', status, message, code }),
    routes(app: FastifyInstance) {
      app.get<{ Params: { name: string } }>('/names/:name', operation('name'), ({ params }, reply) => reply.send(params));
      app.post('/echo', operation('echo'), ({ body }, reply) => reply.send({ body: body ?? null }));
      app.post('/any', operation('any', { anyBody: true }), ({ body }, reply) => reply.send({ body: body ?? null }));
      app.delete('/echo', operation('delete'), ({ body }, reply) => reply.send({ body: body ?? null }));
      app.get('/bug', operation('bug'), () => {
        throw new TypeError('a bug');
      });
      app.get('/late-bug', operation('late-bug'), async () => {
        await delay(1);
        throw new TypeError('a bug');
      });
      app.get('/slow', operation('slow'), async () => {
        arrived.resolve();
        await released.promise;
        return { slow: true };
      });
      app.get('/long', operation('long'), (_request, reply) => reply.send(Buffer.alloc(50_000_000, 'x')));
    },
  };
  return { dialect, release: released.resolve, arrived: arrived.promise };
}

/** Owns `/other`, in a shape of its own. */
export const other: Dialect = {
  name: 'native',
  owns: (path) => path.startsWith('/other'),
  errorBody: (status, message) => ({ shape: 'other', status, message }),
  errorType: 'application/problem+json',
  routes: (app) => void app.get('/other', operation('other'), (_request, reply) => reply.send({})),
};

export async function open(dialect: Dialect, options: Omit<Partial<ListenerOptions>, 'limits'> & { limits?: Partial<ServerLimits> } = {}) {
  const listener = await openListener({
    host: '127.0.0.1',
    port: 0,
    dialects: [dialect, other],
    context: {} as DialectContext,
    ...options,
    limits: { ...serverLimits, ...options.limits },
  });
  listeners.push(listener);
  const { port } = listener.address;
  return { listener, port, url: `http://127.0.0.1:${port}` };
}

export async function openEcho(limits: Partial<ServerLimits> = {}) {
  const echo = createEcho();
  return { ...echo, ...(await open(echo.dialect, { limits })) };
}
