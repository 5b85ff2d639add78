/** The programs as their users have them: real processes, ports, signals and disks. */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Program, start } from './program.ts';
import { discoverable, register, usePlace } from './place.ts';

const place = usePlace();
const { registry } = place;

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
    mkdirSync(join(place.directory, 'config'));
    writeFileSync(join(place.directory, 'config/service_registry.json'), '{"load_balancing": {"strategy": "random"}}');
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
    await registry().url('classic');
  });

  test('a data directory that another registry has open', async () => {
    const first = registry();
    await first.url('classic');
    expect(await refusal(registry())).toContain(join(place.directory, 'data'));
    expect((await fetch(`${await first.url('classic')}/health`)).status).toBe(200);
  });

  test('a data directory that is a file', async () => {
    writeFileSync(join(place.directory, 'data'), 'x');
    expect(await refusal(registry())).toContain(join(place.directory, 'data'));
  });

  test('a configuration that is a directory, and a flag that does not exist', async () => {
    expect(await refusal(registry(['--config', place.directory]))).toContain(`${place.directory}: it is a directory`);
    expect(await refusal(registry(['--prot', '1']))).toContain("unknown option '--prot'");
    expect(await refusal(start('infini-registry', ['--bind', 'x']))).toContain("unknown option '--bind'");
  });
});

describe('infini-registry', () => {
  test('opens one listener on every interface, writes no file, and takes its level from RUST_LOG', async () => {
    const program = start('infini-registry', ['--port', '0'], { cwd: place.directory, env: { RUST_LOG: 'debug,hyper=warn' } });
    const url = new URL(await program.url('infini'));
    expect(url.hostname).toBe('0.0.0.0');
    const base = `http://127.0.0.1:${url.port}`;
    const body = JSON.stringify({ name: 'n', host: 'h', port: 1, hostname: 'h', url: 'http://h:1', status: 'running' });
    expect((await fetch(`${base}/services`, { method: 'POST', body })).status).toBe(201);
    expect((await fetch(`${base}/api/v1/status`)).status).toBe(200);
    expect(program.log.filter(({ message }) => message === 'Listening')).toHaveLength(1);
    expect(await program.stop()).toEqual({ code: 0, signal: null });
    expect(readdirSync(place.directory)).toEqual([]);
  });
});
