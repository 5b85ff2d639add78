/**
 * Which methods a path knows: asked only for a request that no route took, to tell 404 from 405.
 */
import type { FastifyInstance } from 'fastify';

export interface KnownRoutes {
  /** Methods that some route has for this path, as sent; empty where there is none. */
  methodsFor(path: string): readonly string[];
}

/** Follows what is added to `app` from now on. */
export function knownRoutes(app: FastifyInstance): KnownRoutes {
  const routes: { readonly segments: readonly string[]; readonly methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ segments: segmentsOf(url), methods: typeof method === 'string' ? [method] : method });
  });
  return {
    methodsFor(path) {
      const sent = segmentsOf(path);
      const methods = routes.filter(({ segments }) => matches(segments, sent)).flatMap((route) => route.methods);
      return [...new Set(methods)];
    },
  };
}

function segmentsOf(path: string): string[] {
  return (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path).split('/');
}

function matches(segments: readonly string[], sent: readonly string[]): boolean {
  return (
    segments.length === sent.length && segments.every((segment, at) => segment === sent[at] || (segment.startsWith(':') && sent[at] !== ''))
  );
}
