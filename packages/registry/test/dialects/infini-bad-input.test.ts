import { afterEach, beforeEach, expect, test } from 'vitest';
import { type House, openHouse } from './house.ts';
import { openWire, reqwest, type Wire } from './wire.ts';

let house: House;
let wire: Wire;
beforeEach(async () => {
  house = await openHouse();
  wire = await openWire(house.url);
  await wire.send(reqwest('POST', '/services', BODY));
});
afterEach(async () => {
  wire.close();
  await house.close();
});

const BODY = { name: 'billing', host: '10.0.0.7', port: 8_000, hostname: 'box-1', url: 'http://10.0.0.7:8000', status: 'running' };

function request(method: string, path: string, body: string | Buffer = ''): Buffer {
  const head = `${method} ${path} HTTP/1.1\r\nhost: r\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

const withField = (field: string, json: string): string => JSON.stringify({ ...BODY, name: 'bad', [field]: '@' }).replace('"@"', json);
const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;

test.each<[string, number, Buffer]>([
  ['half of a body', 400, request('POST', '/services', '{"name":"bad"')],
  ['a body of 2 MiB', 413, request('POST', '/services', withField('metadata', JSON.stringify({ long: 'x'.repeat(2_097_152) })))],
  ['10,000 levels', 400, request('POST', '/services', withField('metadata', deep(10_000)))],
  ['17 levels of metadata', 400, request('POST', '/services', withField('metadata', deep(17)))],
  ['a __proto__ key', 400, request('POST', '/services', withField('metadata', '{"__proto__":{"x":1}}'))],
  ['bytes that are no UTF-8', 400, request('POST', '/services', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x7d]))],
  ['a NUL in a name', 400, request('POST', '/services', withField('name', '"a\\u0000b"'))],
  ['a NUL in metadata', 400, request('POST', '/services', withField('metadata', '{"a":"\\u0000"}'))],
  ['a name of 10,000 characters', 400, request('POST', '/services', withField('name', `"${'n'.repeat(10_000)}"`))],
  ['port 65536', 400, request('POST', '/services', withField('port', '65536'))],
  ['port "80"', 400, request('POST', '/services', withField('port', '"80"'))],
  ['port 1e9', 400, request('POST', '/services', withField('port', '1e9'))],
  ['a list as body', 400, request('POST', '/services', '[1]')],
  ['a wrong port in a PUT', 400, request('PUT', '/services/billing', '{"port":"80","weight":9}')],
  ['bad JSON in a PUT', 400, request('PUT', '/services/billing', '{')],
  ['a path of 10,000 characters', 404, request('GET', `/services/${'n'.repeat(4_000)}`)],
  ['a path that is longer than any name', 414, request('GET', `/services/${'n'.repeat(10_000)}`)],
  ['a path that cannot be decoded', 400, request('GET', '/services/%E0%A4%A')],
  ['a path with a NUL', 404, request('GET', '/services/%00')],
  ['a method that is not known there', 405, request('DELETE', '/services')],
  ['a path that is not there', 404, request('GET', '/service')],
])('%s is answered %d with {error}, changes nothing, and the next request works', async (_, status, bytes) => {
  const before = house.registry.state.revision;
  const answer = await wire.send(bytes);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toContain('application/json');
  expect(JSON.parse(answer.body)).toMatchObject({ error: expect.stringMatching(/./) as string });
  expect(house.registry.state.revision).toBe(before);
  const next = answer.headers.get('connection') === 'close' ? await openWire(house.url) : wire;
  expect(JSON.parse((await next.send(reqwest('GET', '/services/billing'))).body)).toMatchObject({
    name: 'billing',
    weight: 1,
    port: 8_000,
  });
  next.close();
});

test('what is no HTTP is told so, in the same shape', async () => {
  const answer = await wire.send('HELLO\r\n\r\n');
  expect(answer.status).toBe(400);
  expect(JSON.parse(answer.body)).toEqual({ error: expect.stringMatching(/./) as string });
});
