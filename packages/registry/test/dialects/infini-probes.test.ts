import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type House, openHouse } from './house.ts';

let house: House;
let server: Server;
let port: number;
let status: number;
let asked: string[];
beforeEach(async () => {
  asked = [];
  status = 200;
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
  house = await openHouse({ probes: true });
});
afterEach(async () => {
  await house.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

async function register(changes: object): Promise<void> {
  const body = { name: 'svc', host: '127.0.0.1', port, hostname: 'box-1', url: `http://127.0.0.1:${port}`, status: 'running', ...changes };
  expect((await house.ask('POST', '/services', body)).status).toBe(201);
}

describe('the background check', () => {
  test('asks within a second or so, and its word stands in health_status', async () => {
    await register({});
    await expect
      .poll(async () => (await house.ask('GET', '/services/svc')).body, { timeout: 10_000 })
      .toMatchObject({ health_status: 'healthy' });
    expect(asked).toEqual(['/health']);
  });

  test('asks a model server one port above its own, where its babysitter is', async () => {
    await register({ port: port - 1, url: `http://127.0.0.1:${port - 1}/v1`, metadata: { type: 'openai-api' } });
    await expect
      .poll(async () => (await house.ask('GET', '/services/svc')).body, { timeout: 10_000 })
      .toMatchObject({ health_status: 'healthy' });
    expect(asked).toEqual(['/health']);
  });

  test.each([302, 404, 500])('informs and no more: %d is unhealthy, and the service stays in the list', async (code) => {
    status = code;
    await register({});
    await expect
      .poll(async () => (await house.ask('GET', '/services/svc')).body, { timeout: 10_000 })
      .toMatchObject({ health_status: 'unhealthy' });
    expect((await house.ask('GET', '/services?healthy=true')).body).toMatchObject({
      total: 1,
      services: [{ is_healthy: true, status: 'running' }],
    });
  });
});

test.each(['0.0.0.0', 'localhost', '127.0.0.1'])('a service registered at %s is asked here and now', async (host) => {
  await register({ host, url: `http://${host}:${port}/base` });
  expect((await house.ask('GET', '/services/svc/health')).body).toMatchObject({
    service: 'svc',
    health_status: 'healthy',
    is_healthy: true,
  });
  expect(asked).toContain('/base/health');
});

test('a hundred who ask at once share one probe', async () => {
  await register({});
  const answers = await Promise.all(Array.from({ length: 100 }, () => house.ask('GET', '/services/svc/health')));
  expect(answers.every((answer) => answer.status === 200)).toBe(true);
  expect(asked.length).toBeLessThanOrEqual(3);
});

test('after a PUT that moves the service, the check goes where it is now', async () => {
  status = 500;
  await register({ port: 1, url: 'http://127.0.0.1:1' });
  expect((await house.ask('GET', '/services/svc/health')).body).toMatchObject({ health_status: 'unhealthy' });
  expect(asked).toEqual([]);
  status = 200;
  await house.ask('PUT', '/services/svc', { port, url: `http://127.0.0.1:${port}` });
  await expect
    .poll(async () => (await house.ask('GET', '/services/svc/health')).body, { timeout: 10_000 })
    .toMatchObject({ health_status: 'healthy' });
});
