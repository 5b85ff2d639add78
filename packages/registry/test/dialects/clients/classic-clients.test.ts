/**
 * The clients that the original registries' documents print, unmodified, against a listening registry; and other common ones
 * beside them.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needs } from '@rollcall/testkit';
import { afterEach, beforeEach, describe, expect, type TestContext, test } from 'vitest';
import { classicDialect } from '../../../src/dialects/classic/routes.ts';
import { openRaw } from '../../server/raw.ts';
import { type House, openHouse } from '../house.ts';

/** Debian's own: another one may come first in PATH, without these modules. */
const PYTHON = '/usr/bin/python3';
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const run = promisify(execFile);

let house: House;
beforeEach(async () => {
  house = await openHouse({ dialects: [classicDialect] });
});
afterEach(() => house.close());

async function python(context: TestContext, script: string, module: string): Promise<unknown> {
  needs.command(context, `${PYTHON} -c "import ${module}"`, `apt-get install python3-${module}`);
  const file = fileURLToPath(new URL(`fixtures/${script}`, import.meta.url));
  const { stdout } = await run(PYTHON, [file, String(house.port)], { timeout: 30_000 });
  return JSON.parse(stdout);
}

describe('the printed Python clients', () => {
  test('the serviceCore client registers, sends heartbeats, discovers and deregisters', async (context) => {
    const seen = await python(context, 'run_servicecore_client.py', 'requests');
    expect(seen).toEqual({
      id: expect.stringMatching(UUID) as string,
      found: [expect.objectContaining({ service_id: (seen as { id: string }).id, host: 'my-service', port: 8_500, status: 'healthy' })],
      left: [],
      slept: [30, 30],
    });
    expect(house.registry.counts.instances).toBe(0);
  });

  test('the manual registration runs at the startup of a service, and the documented life follows', async (context) => {
    const seen = await python(context, 'run_manual_registration.py', 'httpx');
    const users = {
      service_name: 'users',
      instances: [expect.objectContaining({ service_name: 'users', base_url: 'http://localhost:8000' }) as unknown],
      count: 1,
    };
    expect(seen).toEqual({
      found: users,
      heartbeat: 200,
      all: { users },
      status: { status: 'ok', total_services: 1, total_instances: 1, services: { users: 1 } },
      deregister: 200,
      left: 404,
      late: 404,
    });
  });

  test('so does aiohttp, whatever its heartbeats carry', async (context) => {
    expect(await python(context, 'aiohttp_client.py', 'aiohttp')).toMatchObject({
      registered: 201,
      beats: [200, 200, 200, 200],
      found: { count: 1 },
      gone: 200,
    });
  });
});

test('the printed Rust client, as reqwest sends it', async () => {
  // `json!` keeps its keys in order of the alphabet, reqwest writes these headers in this order and lower case.
  const body = '{"health_endpoint":"/health","host":"my-service","name":"my-service","port":8500}';
  const connection = await openRaw(house.port);
  const host = `127.0.0.1:${house.port}`;
  connection.write(
    `POST /register HTTP/1.1\r\ncontent-type: application/json\r\naccept: */*\r\nhost: ${host}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  const registered = await connection.answer();
  expect(registered).toMatchObject({ status: 201, body: { service_id: expect.stringMatching(UUID) as string, status: 'registered' } });
  // Its pool keeps the connection for the next request.
  connection.write(`GET /services/my-service HTTP/1.1\r\naccept: */*\r\nhost: ${host}\r\n\r\n`);
  expect(await connection.answer()).toMatchObject({ status: 200, body: { instances: [{ status: 'healthy', port: 8_500 }] } });
  connection.socket.destroy();
});

describe('curl', () => {
  const curl = async (context: TestContext, ...args: string[]): Promise<string> => {
    needs.command(context, 'curl --version', 'apt-get install curl');
    return (await run('curl', ['-sS', '--max-time', '20', ...args])).stdout;
  };

  test('-d, with its form content type, registers; scripts can grep what they get', async (context) => {
    const registered = await curl(context, '-d', '{"name":"billing","host":"billing-1","port":8500}', `${house.url}/register`);
    const id = /"service_id":"([^"]+)"/.exec(registered)?.[1] ?? '';
    expect(id).toMatch(UUID);
    expect(await curl(context, `${house.url}/services/billing`)).toContain('"host":"billing-1","port":8500,"status":"healthy"');
    expect(await curl(context, '-X', 'POST', `${house.url}/heartbeat/${id}`)).toContain('"status":"ok"');
    expect(await curl(context, '-X', 'DELETE', `${house.url}/deregister/${id}`)).toContain('"status":"ok"');
    expect(await curl(context, '-o', '/dev/null', '-w', '%{http_code}', `${house.url}/services/billing`)).toBe('404');
  });

  test('-f fails for an unknown instance, and -d of 2 MiB is told 413', async (context) => {
    await expect(curl(context, '-f', '-X', 'POST', `${house.url}/heartbeat/nobody`)).rejects.toMatchObject({ code: 22 });
    const child = run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '--data-binary', '@-', `${house.url}/register`]);
    child.child.stdin?.end('x'.repeat(2 * 1_048_576));
    expect((await child).stdout).toBe('413');
  });
});
