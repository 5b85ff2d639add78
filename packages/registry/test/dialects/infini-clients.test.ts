import { afterEach, beforeEach, expect, test } from 'vitest';
import { type House, openHouse } from './house.ts';
import { parseAsRouter } from './original-router.ts';
import { openWire, pythonRequests, reqwest, type Wire } from './wire.ts';

let house: House;
let babysitter: Wire;
let router: Wire;
beforeEach(async () => {
  house = await openHouse();
  [babysitter, router] = await Promise.all([openWire(house.url), openWire(house.url)]);
});
afterEach(async () => {
  babysitter.close();
  router.close();
  await house.close();
});

const SERVER = {
  name: 'qwen-8000-server',
  host: '0.0.0.0',
  hostname: '0.0.0.0',
  port: 8_000,
  url: 'http://0.0.0.0:8000',
  status: 'running',
  timestamp: '2025-11-05T09:30:00.123456789+00:00',
  metadata: {
    type: 'openai-api',
    parent_service: 'qwen-8000',
    babysitter: 'enhanced',
    models: ['qwen3-32b'],
    models_list: [{ id: 'qwen3-32b', object: 'model', created: 1_762_335_000, owned_by: 'infinilm' }],
  },
};
const BABYSITTER = {
  ...SERVER,
  name: 'qwen-8000',
  port: 8_001,
  url: 'http://0.0.0.0:8001',
  metadata: { type: 'babysitter', babysitter: 'enhanced' },
};

/** What the original router takes for its backends, by name. */
async function polled(): Promise<string[]> {
  const { status, body } = await router.send(reqwest('GET', '/services?healthy=true'));
  expect(status).toBe(200);
  const backends = parseAsRouter(body).filter(
    (entry) => entry.metadata['type'] === 'openai-api' && entry.is_healthy && entry.status === 'running',
  );
  return backends.map(({ name }) => name);
}

test.each([
  ['the Rust programs', reqwest],
  ['the Python programs', pythonRequests],
])('%s register, send heartbeats for ten minutes, are polled all the while, and leave', async (_, request) => {
  for (const service of [BABYSITTER, SERVER]) expect((await babysitter.send(request('POST', '/services', service))).status).toBe(201);
  expect(await polled()).toEqual(['qwen-8000-server']);

  for (let round = 0; round < 20; round += 1) {
    await house.advance(30_000);
    for (const { name } of [BABYSITTER, SERVER]) {
      const { status, body } = await babysitter.send(request('POST', `/services/${name}/heartbeat`, round % 2 === 0 ? undefined : {}));
      expect({ status, body }).toEqual({ status: 200, body: expect.stringContaining('Heartbeat received') as string });
    }
    expect(await polled()).toEqual(['qwen-8000-server']);
  }

  for (const { name } of [SERVER, BABYSITTER]) expect((await babysitter.send(request('DELETE', `/services/${name}`))).status).toBe(200);
  expect(await polled()).toEqual([]);
});

test('a babysitter that was cut off comes back with its next heartbeat, for it never registers again', async () => {
  await babysitter.send(reqwest('POST', '/services', SERVER));
  await house.advance(121_000);
  expect(await polled()).toEqual([]);
  await house.advance(180_000);
  expect((await router.send(reqwest('GET', '/services/qwen-8000-server'))).status).toBe(404);
  expect((await babysitter.send(reqwest('POST', '/services/qwen-8000-server/heartbeat'))).status).toBe(200);
  expect(await polled()).toEqual(['qwen-8000-server']);
});

test('a model server that restarts says so, and is no backend until it is ready', async () => {
  await babysitter.send(reqwest('POST', '/services', SERVER));
  await babysitter.send(reqwest('POST', '/services', { ...SERVER, status: 'restarting' }));
  expect(await polled()).toEqual([]);
  await babysitter.send(reqwest('POST', '/services/qwen-8000-server/heartbeat', { status: 'running' }));
  expect(await polled()).toEqual(['qwen-8000-server']);
});

test('curl -d, which says that it sends a form, registers too', async () => {
  const body = JSON.stringify(SERVER);
  const head = ['POST /services HTTP/1.1', 'Host: registry:8081', 'User-Agent: curl/7.88.1', 'Accept: */*'];
  const sent = [...head, `Content-Length: ${body.length}`, 'Content-Type: application/x-www-form-urlencoded', '', body].join('\r\n');
  expect((await babysitter.send(sent)).status).toBe(201);
});

test('a heartbeat without any sign of a body is a heartbeat', async () => {
  await babysitter.send(reqwest('POST', '/services', SERVER));
  expect((await babysitter.send('POST /services/qwen-8000-server/heartbeat HTTP/1.1\r\nhost: r\r\n\r\n')).status).toBe(200);
});
