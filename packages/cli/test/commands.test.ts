/** Commands that end: what they say when something is wrong, and that a backup is whole or not there. Real processes. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from './command.ts';

let directory: string;
let servers: Server[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rollcall-commands-'));
});

afterEach(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
  servers = [];
  rmSync(directory, { recursive: true, force: true });
});

/** Something that answers where a registry should. */
async function answering(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A port where nothing listens any more. */
async function silentAddress(): Promise<string> {
  const url = await answering(() => undefined);
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return url;
}

function oneLine(text: string): void {
  expect(text).toMatch(/^rollcall: [^\n]+\n$/);
}

describe('a command line that cannot be', () => {
  test.each([
    [['registry', '--foo'], "unknown option '--foo'; see rollcall registry --help"],
    [['statsu'], "unknown command 'statsu' (Did you mean status?); see rollcall --help"],
    [['show'], "missing required argument 'id'; see rollcall show --help"],
    [['registry', 'x'], "too many arguments for 'registry'"],
    [['registry', '--bind'], "option '--bind <HOST:PORT>' argument missing"],
    [['registry', '--bind', 'nowhere'], '--bind: got "nowhere", expected HOST:PORT'],
    [['status', '--registry', 'localhost:8100'], '"localhost:8100" is not a URL'],
    [['registry', '--config', '/nowhere/x.json'], 'cannot read the configuration file /nowhere/x.json: there is no such file'],
  ])('%j exits 2 with one line that says why', async (args, reason) => {
    const { code, out, err } = await run(args, {}, directory);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    oneLine(err);
    expect(err).toContain(reason);
  });

  test('an unknown key in ./config/service_registry.json is named', async () => {
    mkdirSync(join(directory, 'config'));
    writeFileSync(join(directory, 'config/service_registry.json'), '{"health_chekc": {}}');
    const { code, err } = await run(['registry', '--print-config'], {}, directory);
    expect(code).toBe(2);
    expect(err).toContain('config/service_registry.json: unknown key "health_chekc"');
  });
});

describe('help', () => {
  const commands = ['up', 'registry', 'status', 'services', 'instances', 'show', 'deregister', 'drain', 'undrain', 'backup', 'restore'];

  test.each(commands)('%s --help has examples', async (command) => {
    const { code, out, err } = await run([command, '--help']);
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(new RegExp(`Usage: rollcall ${command}[\\s\\S]*Examples?:\\n  .*rollcall ${command}`));
  });

  test('--help lists every command, and --version is the package', async () => {
    const { out } = await run(['--help']);
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command} `, 'm'));
    const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string };
    expect((await run(['--version'])).out).toBe(`${manifest.version}\n`);
  });
});

test('--print-config tells each value and where it came from, and no password', async () => {
  const file = join(directory, 'c.json');
  writeFileSync(file, '{"service_ttl_seconds": 90}');
  const env = { HEARTBEAT_TIMEOUT: '12', HANA_PASSWORD: 'hunter2', SERVICE_REGISTRY_LOG_LEVEL: '' };
  const { code, out, err } = await run(
    ['registry', '--print-config', '--config', file, '--bind', '[::1]:9', '--bind', ':10'],
    env,
    directory,
  );
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const line = (name: string) =>
    out
      .split('\n')
      .find((each) => each.startsWith(`${name} `))
      ?.split(/ {2,}/);
  expect(line('bind')).toEqual(['bind', '[::1]:9,0.0.0.0:10', 'flag --bind']);
  expect(line('heartbeat-timeout')).toEqual(['heartbeat-timeout', '12', 'environment HEARTBEAT_TIMEOUT']);
  expect(line('service-ttl')).toEqual(['service-ttl', '90', `file ${file}: service_ttl_seconds`]);
  expect(line('log-level')).toEqual(['log-level', 'info', 'default']);
  expect(line('HANA_PASSWORD')).toEqual(['HANA_PASSWORD', '(set, not shown)', 'environment HANA_PASSWORD']);
  expect(out).not.toContain('hunter2');
});

describe('an operator command', () => {
  test('says in one line that no registry is there, and how to name another', async () => {
    const url = await silentAddress();
    const { code, out, err } = await run(['services'], { REGISTRY_URL: url });
    expect({ code, out }).toEqual({ code: 1, out: '' });
    oneLine(err);
    expect(err).toContain(`no registry answers at ${url} (connection refused)`);
    expect(err).toContain('--registry');
  });

  test('says so when what answers is something else', async () => {
    const url = await answering((_, response) => response.end('<html>'));
    const { code, err } = await run(['status', '--registry', `${url}/`]);
    expect(code).toBe(1);
    oneLine(err);
    expect(err).toContain('is not a Rollcall registry');
  });

  test('passes on what the registry says of an error', async () => {
    const url = await answering((_, response) => {
      response.writeHead(404, { 'content-type': 'application/problem+json' });
      response.end(JSON.stringify({ title: 'x', status: 404, code: 'unknown-instance', detail: "no instance 'a b/c'" }));
    });
    const { code, err } = await run(['show', 'a b/c', '--registry', url]);
    expect({ code, err }).toEqual({ code: 1, err: "rollcall: no instance 'a b/c'\n" });
  });

  test('follows the pages of a list to its end', async () => {
    const asked: string[] = [];
    const url = await answering((request, response) => {
      asked.push(request.url ?? '');
      const more = asked.length < 3 ? { nextCursor: `c&${asked.length}` } : {};
      response.end(
        JSON.stringify({ revision: 1, services: [{ service: `s${asked.length}`, instances: 1, discoverable: 1, revision: 1 }], ...more }),
      );
    });
    const { out } = await run(['services', '--registry', url]);
    expect(out.split('\n').map((line) => line.split(' ')[0])).toEqual(['SERVICE', 's1', 's2', 's3', '']);
    expect(asked).toEqual(['/api/v1/services?', '/api/v1/services?cursor=c%261', '/api/v1/services?cursor=c%262']);
  });
});

describe('a backup', () => {
  test('is written as it came', async () => {
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
    const url = await answering((_, response) => response.end(content));
    const file = join(directory, 'b.db');
    const { code, out } = await run(['backup', file, '--registry', url]);
    expect({ code, out }).toEqual({ code: 0, out: `300000 bytes written to ${file}\n` });
    expect(readFileSync(file).equals(content)).toBe(true);
    expect(readdirSync(directory)).toEqual(['b.db']);
  });

  test('that breaks off leaves nothing', async () => {
    const url = await answering((_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('half', () => response.destroy());
    });
    const { code, err } = await run(['backup', join(directory, 'b.db'), '--registry', url]);
    expect(code).toBe(1);
    oneLine(err);
    expect(err).toContain('broke off');
    expect(readdirSync(directory)).toEqual([]);
  });

  test('never overwrites, and does not even ask then', async () => {
    const url = await answering(() => {
      throw new Error('it was asked');
    });
    const file = join(directory, 'b.db');
    writeFileSync(file, 'precious');
    const { code, err } = await run(['backup', file, '--registry', url]);
    expect(code).toBe(2);
    expect(err).toContain(`${file} is there already`);
    expect(readFileSync(file, 'utf8')).toBe('precious');
  });

  test('to a directory that is not there says so', async () => {
    const { code, err } = await run(['backup', join(directory, 'no/b.db'), '--registry', await silentAddress()]);
    expect(code).toBe(2);
    expect(err).toContain('its directory does not exist');
  });
});
