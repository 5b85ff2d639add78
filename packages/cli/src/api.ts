/**
 * The native API from an operator's side: one request, its answer or a failure in words.
 *
 * Bound: an answer within `ANSWER_MS`; a backup may take as long as data keeps coming.
 */
import type { Instance, InstanceList, IntentRequest, Problem, ServiceList, ServiceSummary, Status } from '@rollcall/protocol';
import { codeOf, Failure } from './failure.ts';

export const DEFAULT_REGISTRY = 'http://127.0.0.1:8100';
const ANSWER_MS = 10_000;
const SILENCE_MS = 30_000;

export interface Api {
  status(): Promise<Status>;
  services(): Promise<ServiceSummary[]>;
  instances(service?: string): Promise<Instance[]>;
  instance(id: string): Promise<Instance>;
  deregister(id: string): Promise<void>;
  setIntent(id: string, request: IntentRequest): Promise<Instance>;
  /** The bytes of a backup, as they come; ends with an error when the answer breaks off. */
  backup(): Promise<AsyncIterable<Uint8Array>>;
}

export function createApi(registryUrl: string): Api {
  const base = parseBase(registryUrl);

  async function request(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(`${base}${path}`, init);
    } catch (error) {
      throw unreachable(base, error);
    }
    if (!response.ok) throw await refused(base, response);
    return response;
  }

  async function json<T>(path: string, init: RequestInit = {}): Promise<T> {
    const response = await request(path, { ...init, signal: AbortSignal.timeout(ANSWER_MS) });
    try {
      return (await response.json()) as T;
    } catch {
      throw new Failure(1, `what answers at ${base} is not a Rollcall registry (name another with --registry URL or REGISTRY_URL)`);
    }
  }

  /** Follows the pages of a list to its end. */
  async function* pages<T extends { readonly nextCursor?: string }>(path: string, query: URLSearchParams): AsyncGenerator<T> {
    for (let cursor: string | undefined; ; ) {
      if (cursor !== undefined) query.set('cursor', cursor);
      const page = await json<T>(`${path}?${query.toString()}`);
      yield page;
      cursor = page.nextCursor;
      if (cursor === undefined) return;
    }
  }

  return {
    status: () => json('/api/v1/status'),
    async services() {
      const services: ServiceSummary[] = [];
      for await (const page of pages<ServiceList>('/api/v1/services', new URLSearchParams())) services.push(...page.services);
      return services;
    },
    async instances(service) {
      const query = new URLSearchParams(service === undefined ? {} : { service });
      const instances: Instance[] = [];
      for await (const page of pages<InstanceList>('/api/v1/instances', query)) instances.push(...page.instances);
      return instances;
    },
    instance: (id) => json(pathOf(id)),
    async deregister(id) {
      await request(pathOf(id), { method: 'DELETE', signal: AbortSignal.timeout(ANSWER_MS) });
    },
    setIntent: (id, intent) =>
      json(`${pathOf(id)}/intent`, { method: 'PUT', headers: { 'content-type': 'application/json' }, body: JSON.stringify(intent) }),
    async backup() {
      // The copy is made before its first byte comes, and a large one takes its time: fetch's own 5 minutes bound it.
      const { body } = await request('/api/v1/backup', {});
      if (body === null) throw new Failure(1, `${base} answered without a backup`);
      return untilSilent(body, base);
    },
  };
}

function pathOf(id: string): string {
  return `/api/v1/instances/${encodeURIComponent(id)}`;
}

function parseBase(url: string): string {
  if (!URL.canParse(url) || !/^https?:\/\//i.test(url)) {
    throw new Failure(
      2,
      `the registry's address ${JSON.stringify(url)} is not a URL such as ${DEFAULT_REGISTRY} (--registry, REGISTRY_URL)`,
    );
  }
  return url.replace(/\/+$/, '');
}

async function* untilSilent(body: ReadableStream<Uint8Array>, base: string): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await within(reader.read(), SILENCE_MS);
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(1, `the backup from ${base} broke off (${reasonOf(error)}); nothing was kept, try again`);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

async function within<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`nothing came for ${ms / 1_000} s`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(base: string, error: unknown): Failure {
  const remedy = 'start one with "rollcall registry", or name another with --registry URL or REGISTRY_URL';
  return new Failure(1, `no registry answers at ${base} (${reasonOf(error)}); ${remedy}`, { cause: error });
}

function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  const code = codeOf(cause);
  if (cause instanceof Error && cause.name === 'TimeoutError') return `no answer within ${ANSWER_MS / 1_000} s`;
  return reasons[code] ?? (cause instanceof Error ? cause.message : code);
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the host name could not be resolved',
  ECONNRESET: 'the connection was reset',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
};

async function refused(base: string, response: Response): Promise<Failure> {
  const problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  if (typeof problem?.detail === 'string') return new Failure(1, problem.detail);
  return new Failure(1, `${base} answered ${response.status} ${response.statusText}; is it a Rollcall registry?`);
}
