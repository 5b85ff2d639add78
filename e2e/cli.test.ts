/** The programs as their users have them: real processes, ports, signals and disks. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { endAll, eventually, type Program, type ProgramOptions, root, start, startCommand } from './program.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'rollcall-e2e-'));
});

afterEach(async () => {
  await endAll();
  rmSync(directory, { recursive: true, force: true });
});

const freePorts = ['--bind', '127.0.0.1:0', '--infini-bind', '127.0.0.1:0'];

/** A durable registry in the test's directory, on ports of its own. */
function registry(args: readonly string[] = [], options: ProgramOptions = {}): Program {
  return start('rollcall', ['registry', ...freePorts, '--data-dir', join(directory, 'data'), ...args], { cwd: directory, ...options });
}

async function register(url: string, service = 'svc', baseUrl = 'http://127.0.0.1:9'): Promise<string> {
  const response = await fetch(`${url}/register`, { method: 'POST', body: JSON.stringify({ service_name: service, base_url: baseUrl }) });
  expect(response.status).toBe(201);
  return ((await response.json()) as { instance_id: string }).instance_id;
}

async function discoverable(url: string, service = 'svc'): Promise<readonly string[]> {
  const response = await fetch(`${url}/services/${service}`);
  return ((await response.json()) as { instances: { instance_id: string }[] }).instances.map((instance) => instance.instance_id);
}

/** Runs an operator's command to its end. */
async function rollcall(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<{ code: number | null; out: string; err: string }> {
  const program = start('rollcall', args, { cwd: directory, env });
  let out = '';
  program.child.stdout?.on('data', (piece) => {
    out += String(piece);
  });
  const { code } = await program.ended;
  return { code, out, err: program.stderr() };
}

/** A port where somebody else listens. */
async function takenPort(): Promise<{ port: number; release: () => Promise<unknown> }> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, release: () => new Promise((resolve) => server.close(resolve)) };
}

/** What a program that cannot start must do: one line, exit 2, no stack trace. */
async function refusal(program: Program): Promise<string> {
  const { code } = await program.ended;
  const err = program.stderr();
  expect(err).toMatch(/^(rollcall|infini-registry): [^\n]+\n$/);
  expect(code).toBe(2);
  return err;
}

describe('a registry', () => {
  test('answers in every dialect, stops cleanly on SIGTERM, and remembers', async () => {
    const first = registry();
    const main = await first.url('classic');
    const id = await register(main);
    expect(await discoverable(main)).toEqual([id]);
    expect(((await (await fetch(`${await first.url('infini')}/services`)).json()) as { total: number }).total).toBe(1);
    expect(((await (await fetch(`${main}/api/v1/status`)).json()) as { counts: { instances: number } }).counts.instances).toBe(1);
    expect(await (await fetch(`${main}/metrics`)).text()).toMatch(/^registry_services_total 1$/m);
    expect(first.log.find(({ message }) => message === 'Service registered')).toMatchObject({
      service_id: id,
      service_name: 'svc',
      service: 'service-registry',
    });
    expect(await first.stop()).toEqual({ code: 0, signal: null });
    expect(first.log.at(-1)?.message).toBe('Stopped');

    const second = registry();
    expect(await discoverable(await second.url('classic'))).toEqual([id]);
  });

  test('takes SIGINT like SIGTERM, and a signal during its start', async () => {
    const program = registry();
    await program.logged(({ message }) => message === 'Starting');
    program.child.kill('SIGINT');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  test('finishes what it is answering before it ends', async () => {
    const program = registry();
    const url = new URL(await program.url('classic'));
    const body = JSON.stringify({ service_name: 'svc', base_url: 'http://127.0.0.1:9' });
    const socket = connect(Number(url.port), url.hostname);
    let answer = '';
    socket.on('data', (piece) => {
      answer += String(piece);
    });
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.write(`POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 10)}`);
    // Its headers are in when a request that came after them has been answered.
    await fetch(`${url.origin}/health`);
    program.child.kill('SIGTERM');
    await program.logged(({ message }) => message === 'Stopping');
    socket.write(body.slice(10));
    await closed;
    expect(answer).toContain('201');
    expect(await program.ended).toEqual({ code: 0, signal: null });
  });

  test('is ended at once by a second signal, but not by one that comes with the first', async () => {
    const program = registry(['--stop-timeout', '60']);
    const url = new URL(await program.url('classic'));
    const socket = connect(Number(url.port), url.hostname);
    socket.on('error', () => undefined);
    socket.write('POST /register HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{');
    await fetch(`${url.origin}/health`);
    program.child.kill('SIGINT');
    program.child.kill('SIGINT');
    await program.logged(({ message }) => message === 'Stopping');
    const began = performance.now();
    // There is no event for "a second has passed": a third signal is sent until one ends it.
    const again = setInterval(() => program.child.kill('SIGINT'), 200);
    const { code } = await program.ended.finally(() => clearInterval(again));
    socket.destroy();
    expect(code).toBe(1);
    expect(performance.now() - began).toBeGreaterThan(500);
    expect(performance.now() - began).toBeLessThan(30_000);
  });

  test('warns when everyone can reach it, and says which settings have no effect', async () => {
    mkdirSync(join(directory, 'config'));
    writeFileSync(join(directory, 'config/service_registry.json'), '{"load_balancing": {"strategy": "random"}}');
    const program = registry(['--bind', ':0'], { env: { HANA_ODATA_URL: 'https://hana.example', HANA_PASSWORD: 'hunter2' } });
    await program.url('infini');
    const warnings = program.log.filter(({ level }) => level === 'warn').map(({ message }) => message);
    expect(warnings).toEqual([expect.stringContaining('HANA_ODATA_URL'), expect.stringContaining('no tokens')]);
    expect(program.log.some(({ message }) => message.includes('load_balancing'))).toBe(true);
    expect(JSON.stringify(program.log)).not.toContain('hunter2');
  });

  test('serves on when nobody reads its log any more', async () => {
    const program = registry();
    const url = await program.url('classic');
    program.child.stdout?.destroy();
    const ids = [await register(url), await register(url), await register(url)];
    expect((await discoverable(url)).toSorted()).toEqual(ids.toSorted());
    expect(await program.stop()).toEqual({ code: 0, signal: null });
    expect(program.stderr()).toBe('');
  });
});

describe('a start that cannot be', () => {
  test('a port in use is named, with the remedy, and the data directory is free again', async () => {
    const { port, release } = await takenPort();
    const err = await refusal(registry(['--bind', `127.0.0.1:${port}`]));
    expect(err).toContain(`127.0.0.1:${port}`);
    expect(err).toContain('--bind');
    await release();
    await (await registry()).url('classic');
  });

  test('a data directory that another registry has open', async () => {
    const first = registry();
    await first.url('classic');
    expect(await refusal(registry())).toContain(join(directory, 'data'));
    expect((await fetch(`${await first.url('classic')}/health`)).status).toBe(200);
  });

  test('a data directory that is a file', async () => {
    writeFileSync(join(directory, 'data'), 'x');
    expect(await refusal(registry())).toContain(join(directory, 'data'));
  });

  test('a configuration that is a directory, and a flag that does not exist', async () => {
    expect(await refusal(registry(['--config', directory]))).toContain(`${directory}: it is a directory`);
    expect(await refusal(registry(['--prot', '1']))).toContain("unknown option '--prot'");
    expect(await refusal(start('infini-registry', ['--bind', 'x']))).toContain("unknown option '--bind'");
  });
});

describe('npm start', () => {
  const env = () => ({
    SERVICE_REGISTRY_BIND: '127.0.0.1:0',
    ROLLCALL_INFINI_BIND: '127.0.0.1:0',
    ROLLCALL_DATA_DIR: join(directory, 'data'),
  });
  // Installing is another test's matter.
  const npmStart = (): Program =>
    startCommand('npm', ['start', '--ignore-scripts'], { cwd: root, env: { ...env(), PATH: pathWithNode() }, ownGroup: true });

  test('says what answers where, with a line to try, and Ctrl-C ends all of it cleanly', async () => {
    const npm = npmStart();
    const main = await npm.url('classic');
    await eventually(
      async () => npm.stderr(),
      (text) => text.includes('curl'),
    );
    expect(npm.stderr()).toContain(main);
    const own = await npm.logged(({ message }) => message === 'Starting');
    // A terminal sends it to the whole group, and npm passes it on once more.
    process.kill(-npm.pid, 'SIGINT');
    await npm.ended;
    expect(npm.log.at(-1)?.message).toBe('Stopped');
    expect(isAlive(Number(own['pid']))).toBe(false);
  });

  test('SIGTERM to npm alone ends the registry too', async () => {
    const npm = npmStart();
    await npm.url('classic');
    const own = await npm.logged(({ message }) => message === 'Starting');
    process.kill(npm.pid, 'SIGTERM');
    await npm.ended;
    await eventually(
      async () => isAlive(Number(own['pid'])),
      (alive) => !alive,
    );
    expect(npm.log.at(-1)?.message).toBe('Stopped');
  });

  test('the curl lines it prints work as printed', async () => {
    const npm = npmStart();
    await npm.url('classic');
    const text = await eventually(
      async () => npm.stderr(),
      (all) => /curl .*\/services\/hello\n/.test(all),
    );
    const lines = [...text.matchAll(/^ {2}(curl .*)$/gm)].map(([, line]) => line ?? '');
    expect(lines).toHaveLength(2);
    const answers: string[] = [];
    for (const line of lines) {
      const shell = startCommand('/bin/sh', ['-c', line.replace('curl', 'curl -sS')]);
      let out = '';
      shell.child.stdout?.on('data', (piece) => {
        out += String(piece);
      });
      expect((await shell.ended).code).toBe(0);
      answers.push(out);
    }
    expect(JSON.parse(answers[0] ?? '')).toMatchObject({ status: 'registered', service_name: 'hello' });
    expect(JSON.parse(answers[1] ?? '')).toMatchObject({ service_name: 'hello', count: 1 });
  });
});

describe('infini-registry', () => {
  test('opens one listener on every interface, writes no file, and takes its level from RUST_LOG', async () => {
    const program = start('infini-registry', ['--port', '0'], { cwd: directory, env: { RUST_LOG: 'debug,hyper=warn' } });
    const url = new URL(await program.url('infini'));
    expect(url.hostname).toBe('0.0.0.0');
    const base = `http://127.0.0.1:${url.port}`;
    const body = JSON.stringify({ name: 'n', host: 'h', port: 1, hostname: 'h', url: 'http://h:1', status: 'running' });
    expect((await fetch(`${base}/services`, { method: 'POST', body })).status).toBe(201);
    expect((await fetch(`${base}/api/v1/status`)).status).toBe(200);
    expect(program.log.filter(({ message }) => message === 'Listening')).toHaveLength(1);
    expect(await program.stop()).toEqual({ code: 0, signal: null });
    expect(readdirSync(directory)).toEqual([]);
  });
});

describe('operator commands', () => {
  test('show what is there, and act on it', async () => {
    const program = registry();
    const url = await program.url('classic');
    const id = await register(url, 'chat');
    const ask = (...args: string[]) => rollcall([...args, '--registry', url]);

    expect((await ask('services')).out).toMatch(/^SERVICE +INSTANCES +DISCOVERABLE +REVISION\nchat +1 +1 +\d+\n$/);
    expect((await ask('instances')).out).toContain(id);
    expect((await ask('instances', 'nothing')).out).toBe('nothing has no instance.\n');
    expect((await ask('show', id)).out).toMatch(/^status +up$/m);
    expect(JSON.parse((await ask('show', id, '--json')).out)).toMatchObject({ id, service: 'chat', status: 'up' });
    expect(JSON.parse((await ask('status', '--json')).out)).toMatchObject({
      counts: { instances: 1 },
      store: { kind: 'embedded', writable: true },
    });
    expect((await rollcall(['status'], { REGISTRY_URL: url })).out).toMatch(/^store +embedded, writable$/m);

    expect(await ask('drain', id, '--reason', 'new disks')).toEqual({ code: 0, out: `${id} is draining\n`, err: '' });
    expect(await discoverable(url, 'chat')).toEqual([]);
    expect((await ask('show', id)).out).toMatch(/^intent +draining: new disks$/m);
    expect((await ask('undrain', id)).code).toBe(0);
    expect(await discoverable(url, 'chat')).toEqual([id]);

    expect((await ask('deregister', id)).code).toBe(0);
    const gone = await ask('deregister', id);
    expect(gone.code).toBe(1);
    expect(gone.err).toMatch(/^rollcall: [^\n]*\n$/);
    expect(gone.err).toContain(id);
  });

  test('a drain by address survives kill -9, and meets what registers there later', async () => {
    const first = registry();
    const url = await first.url('classic');
    const id = await register(url);
    const other = await register(url, 'svc', 'http://127.0.0.1:10');
    expect((await rollcall(['drain', id, '--by-address', '--registry', url])).code).toBe(0);
    expect(await discoverable(url)).toEqual([other]);
    first.child.kill('SIGKILL');
    await first.ended;

    const second = registry();
    const again = await second.url('classic');
    expect(await discoverable(again)).toEqual([other]);
    await register(again);
    expect(await discoverable(again)).toEqual([other]);
    expect((await rollcall(['undrain', id, '--by-address', '--registry', again])).code).toBe(0);
    expect(await discoverable(again)).toHaveLength(3);
  });

  test('a backup of a running registry is restored elsewhere, under a new history', async () => {
    const first = registry();
    const url = await first.url('classic');
    const id = await register(url);
    const file = join(directory, 'backup.db');
    expect((await rollcall(['backup', file, '--registry', url])).code).toBe(0);
    await register(url, 'after');
    const historyAt = async (base: string) => ((await (await fetch(`${base}/api/v1/status`)).json()) as { history: string }).history;
    const history = await historyAt(url);
    const before = readFileSync(file);
    expect((await rollcall(['backup', file, '--registry', url])).err).toContain('is there already');
    expect(readFileSync(file).equals(before)).toBe(true);

    const elsewhere = join(directory, 'elsewhere');
    expect((await rollcall(['restore', file, '--data-dir', elsewhere])).code).toBe(0);
    const onto = await rollcall(['restore', file, '--data-dir', join(directory, 'data')]);
    expect(onto.code).toBe(2);
    expect(onto.err).toMatch(/^rollcall: [^\n]*\n$/);
    expect(onto.err).toContain(join(directory, 'data'));

    const second = start('rollcall', ['registry', ...freePorts, '--data-dir', elsewhere], { cwd: directory });
    const restored = await second.url('classic');
    expect(await discoverable(restored)).toEqual([id]);
    expect(await discoverable(restored, 'after')).toEqual([]);
    expect(await historyAt(restored)).not.toBe(history);
  });
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** npm runs on the Node that runs this test. */
function pathWithNode(): string {
  return `${join(process.execPath, '..')}:${process.env['PATH'] ?? ''}`;
}
