/**
 * Fixtures: what a client sent and what it was answered, as files, replayed against a listening server.
 *
 * In an answer `<rfc3339>`, `<unix seconds>`, `<seconds>`, `<health>`, `<uuid>`, `<text>` and `<any>` stand for a value of that
 * kind; everything else is meant literally, and nothing may be missing or more.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';

export interface Fixture {
  readonly file: string;
  readonly title: string;
  readonly exchanges: readonly Exchange[];
}

interface Exchange {
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
    /** Instead of `body`: as it is. */
    readonly text?: string;
  };
  /** Without a body: there is none. */
  readonly answer: { readonly status: number; readonly body?: unknown };
}

export function readFixtures(directory: URL): readonly Fixture[] {
  return readdirSync(directory).map((file) => {
    const { title, exchanges } = JSON.parse(readFileSync(new URL(file, directory), 'utf8')) as Omit<Fixture, 'file'>;
    return { file, title, exchanges };
  });
}

export async function replay({ exchanges }: Fixture, url: string): Promise<void> {
  for (const { request, answer } of exchanges) {
    const { method, path, headers = {}, body } = request;
    const text = request.text ?? (body === undefined ? undefined : JSON.stringify(body));
    const response = await fetch(`${url}${path}`, { method, headers, ...(text === undefined ? {} : { body: text }) });
    const answered = await response.text();
    const got: unknown = answered === '' ? undefined : JSON.parse(answered);
    const what = `${method} ${path}`;
    if (got !== undefined) assert.equal(answered, JSON.stringify(got), 'answers are compact');
    assert.deepEqual({ status: response.status, body: resembling(got, answer.body) }, { status: answer.status, body: answer.body }, what);
  }
}

/** `got`, with the placeholder of `wanted` wherever the value is of its kind. */
function resembling(got: unknown, wanted: unknown): unknown {
  if (typeof wanted === 'string') return KINDS.get(wanted)?.(got) === true ? wanted : got;
  if (Array.isArray(wanted) && Array.isArray(got)) return got.map((item: unknown, index) => resembling(item, wanted[index]));
  if (!isObject(wanted) || !isObject(got)) return got;
  return Object.fromEntries(Object.entries(got).map(([key, value]) => [key, resembling(value, wanted[key])]));
}

const KINDS: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['<rfc3339>', (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)],
  ['<unix seconds>', (value) => typeof value === 'number' && value > 1_600_000_000 && value < 10_000_000_000],
  ['<seconds>', (value) => typeof value === 'number' && value >= 0],
  ['<health>', (value) => value === 'unknown' || value === 'healthy' || value === 'unhealthy'],
  ['<uuid>', (value) => typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value)],
  ['<any>', (value) => value !== undefined],
  ['<text>', (value) => typeof value === 'string' && value !== ''],
]);

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
