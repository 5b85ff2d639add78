/**
 * Bad input, for every dialect alike: each gets its own 4xx in the dialect's shape, or its connection is closed; nothing that
 * is registered changes, and the next request works.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { classicDialect } from '../../src/dialects/classic/routes.ts';
import { infiniDialect } from '../../src/dialects/infini/routes.ts';
import type { Dialect } from '../../src/server/dialect.ts';
import { openRaw, type RawAnswer, request } from '../server/raw.ts';
import { type House, openHouse } from './house.ts';

interface Subject {
  readonly dialect: Dialect;
  readonly register: string;
  /** Registers well; with its name as `name` says. */
  readonly good: Readonly<Record<string, unknown>>;
  readonly name: string;
  readonly needed: readonly string[];
  /** Of a body that is JSON and wrong. */
  readonly invalid: number;
  /** Where the words of an error are. */
  readonly error: string;
  readonly port0: boolean;
  readonly list: string;
  readonly forInstance: (id: string) => readonly [method: string, path: string][];
}

const SUBJECTS: readonly Subject[] = [
  {
    dialect: classicDialect,
    register: '/register',
    good: { name: 'good', host: '10.0.0.1', port: 80, metadata: { a: 1 } },
    name: 'name',
    needed: ['name', 'host', 'port'],
    invalid: 422,
    error: 'detail',
    port0: false,
    list: '/services?all=true',
    forInstance: (id) => [
      ['POST', `/heartbeat/${id}`],
      ['DELETE', `/deregister/${id}`],
      ['GET', `/services/${id}`],
    ],
  },
  {
    dialect: infiniDialect,
    register: '/services',
    good: { name: 'good', host: '10.0.0.1', port: 80, hostname: 'box', url: 'http://10.0.0.1:80', status: 'running', metadata: { a: 1 } },
    name: 'name',
    needed: ['name', 'host', 'port', 'hostname', 'url', 'status'],
    invalid: 400,
    error: 'error',
    port0: true,
    list: '/services',
    forInstance: (id) => [
      ['POST', `/services/${id}/heartbeat`],
      ['DELETE', `/services/${id}`],
      ['PUT', `/services/${id}`],
      ['GET', `/services/${id}`],
      ['GET', `/services/${id}/health`],
    ],
  },
];

const json = (value: unknown): string => JSON.stringify(value);
const LARGE = 2 * 1_048_576;

describe.each(SUBJECTS)('$dialect.name', (subject) => {
  const { dialect, register, good, needed, invalid, error, list } = subject;
  let house: House;
  let before: unknown;

  beforeEach(async () => {
    house = await openHouse({ dialects: [dialect], limits: { headersTimeoutMs: 500, requestTimeoutMs: 500 } });
    for (const name of ['good', 'better']) expect((await house.ask('POST', register, { ...good, name })).status).toBe(201);
    before = await everything();
  });
  afterEach(() => house.close());

  async function everything(): Promise<unknown> {
    const { body } = await house.ask('GET', list);
    return { ...(body as object), timestamp: undefined, revision: house.registry.state.revision };
  }

  /** Sends bytes, reads one answer, and holds what must be so after any bad input. */
  async function refused(bytes: string | Buffer): Promise<RawAnswer> {
    const connection = await openRaw(house.port);
    connection.write(bytes);
    const answer = await connection.answer();
    if (answer === undefined) throw new Error('closed without an answer');
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.body).toHaveProperty(error);
    expect(await everything()).toEqual(before);
    if (answer.headers['connection'] === 'close') {
      await connection.closed();
    } else {
      connection.write(request('GET', '/health'));
      expect(await connection.answer()).toMatchObject({ status: 200 });
      connection.socket.destroy();
    }
    return answer;
  }

  const post = (body: string | Buffer, headers?: Record<string, string>) => refused(request('POST', register, body, headers));
  const words = ({ body }: RawAnswer): string => json((body as Record<string, unknown>)[error]);

  describe('a body that is no JSON is 400', () => {
    test.each([
      ['half an object', '{"name":"x"'],
      ['single quotes', "{'name':'x'}"],
      ['a form', 'name=x&host=y'],
      ['two values', '{}{}'],
      ['a NUL', '{"name":"x\u0000"}'],
      ['nothing but NULs', '\u0000\u0000\u0000'],
      ['a byte that is no UTF-8', Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')])],
      ['half a character', Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xe2, 0x82])])],
      ['10,000 levels of arrays', '['.repeat(10_000) + ']'.repeat(10_000)],
      ['10,000 levels of objects in metadata', `${json(good).slice(0, -1)},"metadata":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}`],
      ['100,000 brackets that never close', '['.repeat(100_000)],
      ['a __proto__ key', `${json(good).slice(0, -1)},"__proto__":{"port":1}}`],
      ['a __proto__ key in metadata', `${json(good).slice(0, -1)},"metadata":{"\\u005f_proto__":{"x":1}}}`],
      ['constructor.prototype', `${json(good).slice(0, -1)},"metadata":{"constructor":{"prototype":{"x":1}}}}`],
    ])('%s', async (_what, body) => {
      expect((await post(body)).status).toBe(400);
      expect(Object.hasOwn(Object.prototype, 'x')).toBe(false);
    });
  });

  test.each(['[]', '"text"', '7', 'true', 'null', ''])('a body that is JSON but no object (%j) is refused', async (body) => {
    expect((await post(body)).status).toBe(invalid);
  });

  test.each([
    'application/json',
    'application/x-www-form-urlencoded',
    'application/octet-stream',
    'garbage',
    ';',
    'a/b;c="',
    'multipart/form-data',
  ])('content type %s changes nothing of that', async (type) => {
    expect((await post('{', { 'content-type': type })).status).toBe(400);
    expect((await post('{}', { 'content-type': type })).status).toBe(invalid);
  });

  test('a body of 2 MiB is 413, in one piece and in chunks', async () => {
    const large = json({ ...good, metadata: { a: 'x'.repeat(LARGE) } });
    expect((await post(large)).status).toBe(413);
    const chunked = `${large.length.toString(16)}\r\n${large}\r\n0\r\n\r\n`;
    expect((await refused(`POST ${register} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`)).status).toBe(413);
  });

  describe('a field is named when', () => {
    test.each(needed)('%s is missing, null or of a wrong type', async (field) => {
      for (const value of [undefined, null, {}, [], true, '']) {
        const answer = await post(json({ ...good, [field]: value }));
        expect(answer.status).toBe(invalid);
        expect(words(answer)).toContain(field);
      }
    });

    test.each(['80', '', '0x50', -1, 65_536, 1e9, 1e308, 80.5, true, [80], { port: 80 }, ...(subject.port0 ? [] : [0])])(
      'the port is %j',
      async (port) => {
        const answer = await post(json({ ...good, port }));
        expect(answer.status).toBe(invalid);
        expect(words(answer)).toContain('port');
      },
    );

    test.each(['x'.repeat(256), 'x'.repeat(10_000), '\u0000', 'a\u0000b', 'a\nb', '\u007f', '\ud800'])('the name is %j', async (name) => {
      const answer = await post(json({ ...good, [subject.name]: name }));
      expect(answer.status).toBe(invalid);
      expect(words(answer)).toContain(subject.name);
    });

    test.each([
      [[]],
      ['text'],
      [7],
      [true],
      [{ a: 'x'.repeat(70_000) }],
      [{ a: '\u0000' }],
      [JSON.parse('{"a":'.repeat(20) + '1' + '}'.repeat(20)) as object],
    ])('the metadata is not fit (%#)', async (metadata) => {
      const answer = await post(json({ ...good, metadata }));
      expect(answer.status).toBe(invalid);
      expect(words(answer)).toContain('metadata');
    });
  });

  describe('an instance that is not there is 404', () => {
    test.each(['nobody', '%00', '%2e%2e%2f', '__proto__', 'constructor', 'a%0d%0ab', '%F0%9F%92%A9', 'x'.repeat(4_000)])(
      '%s',
      async (id) => {
        for (const [method, path] of subject.forInstance(id)) expect((await refused(request(method, path))).status).toBe(404);
      },
    );
  });

  test.each([
    ['%zz', 400],
    ['%c3%28', 400],
    ['x'.repeat(10_000), 414],
    ['x'.repeat(100_000), 431],
  ])('a path with %.20s… is %i', async (id, status) => {
    for (const [method, path] of subject.forInstance(id)) expect((await refused(request(method, path))).status).toBe(status);
  });

  test('a path or method that is not there is 404 or 405', async () => {
    for (const path of ['/nothing', `${register}/a/b/c`, '/..', '*']) expect((await refused(request('POST', path, '{'))).status).toBe(404);
    expect(await refused(request('PATCH', register, json(good)))).toMatchObject({ status: 405 });
    expect(await refused(request('OPTIONS', register))).toMatchObject({ status: 405 });
  });

  test.each([
    ['no HTTP', 'hello\r\n\r\n', 400],
    ['a length that is no number', `POST ${register} HTTP/1.1\r\nContent-Length: x\r\n\r\n{}`, 400],
    ['two lengths', `POST ${register} HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`, 400],
    ['a length and chunks', `POST ${register} HTTP/1.1\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
    ['a chunk that is no chunk', `POST ${register} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n`, 400],
    ['a header without a name', `GET ${list} HTTP/1.1\r\n: x\r\n\r\n`, 400],
    ['headers of 100 KB', `GET ${list} HTTP/1.1\r\nA: ${'x'.repeat(100_000)}\r\n\r\n`, 431],
  ])('%s is answered and the connection closed', async (_what, bytes, status) => {
    expect((await refused(bytes)).status).toBe(status);
  });

  test.each([
    ['half of its headers', `POST ${register} HTTP/1.1\r\nContent-Le`],
    ['half of its body', `POST ${register} HTTP/1.1\r\nContent-Length: 1000\r\n\r\n${json(good).slice(0, -1)}`],
    ['all but the last chunk', `POST ${register} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`],
  ])('a client that sends %s is answered 408 and cut off', async (_what, bytes) => {
    expect((await refused(bytes)).status).toBe(408);
  });

  test('a registration of which the last byte never came is none, however its connection ends', async () => {
    const whole = request('POST', register, json({ ...good, name: 'half' }));
    for (const end of ['end', 'resetAndDestroy'] as const) {
      const connection = await openRaw(house.port);
      connection.write(whole.subarray(0, -1));
      connection.socket[end]();
      await connection.closed();
    }
    expect(await everything()).toEqual(before);
  });

  test('bad requests between good ones of one connection are answered in their places', async () => {
    const connection = await openRaw(house.port);
    const bodies = [json({ ...good, name: 'one' }), '{', json({ ...good, port: 'x' }), json({ ...good, name: 'two' })];
    connection.write(Buffer.concat(bodies.map((body) => request('POST', register, body))));
    const statuses = [];
    for (const _ of bodies) statuses.push((await connection.answer())?.status);
    expect(statuses).toEqual([201, 400, invalid, 201]);
    connection.socket.destroy();
    expect(house.registry.counts.instances).toBe(4);
  });
});
