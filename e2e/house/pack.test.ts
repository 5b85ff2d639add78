/**
 * The package as it is published: packed, installed in an empty directory, and run there by the oldest Node that it names
 * and by the one of the tests. There its own node_modules has no TypeScript, no workspace and no dev dependency.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import manifest from '../../packages/cli/package.json' with { type: 'json' };
import { importsOf, libraryOf } from './imports.ts';
import { root } from './source.ts';

const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), 'rollcall-pack-'));
const bin = (name: string) => join(folder, 'node_modules/rollcall/bin', `${name}.js`);
const oldest = `${/\d+\.\d+/.exec(manifest.engines.node)?.[0]}.0`;
const oldestNode = nodePackage(oldest);

let running: ChildProcess | undefined;

beforeAll(async () => {
  // What npm hands down to its scripts would steer these: a workspace, a prefix.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.toLowerCase().startsWith('npm_')));
  await run('npm', ['pack', '--workspace', 'rollcall', '--pack-destination', folder], { cwd: root, env });
  const [tarball] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  const wanted = [`./${tarball}`, `${oldestNode.name}@${oldest}`];
  await run('npm', ['install', '--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', ...wanted], { cwd: folder, env });
}, 300_000);

afterEach(async () => {
  if (running?.exitCode === null && running.signalCode === null) {
    const gone = once(running, 'exit');
    running.kill('SIGKILL');
    await gone;
  }
  running = undefined;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('it holds the bins, the bundle, the licence and the readme, and no sources', () => {
  const files = readdirSync(join(folder, 'node_modules/rollcall'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.\w+$|LICENSE/.test(name),
  );
  expect(files.filter((name) => !/^(bin|dist)\/[\w.-]+\.js$/.test(name)).toSorted()).toEqual(['LICENSE', 'README.md', 'package.json']);
});

test('its dependencies are what the bundle imports', () => {
  const dist = join(folder, 'node_modules/rollcall/dist');
  const imports = readdirSync(dist).flatMap((path) => importsOf({ path, text: readFileSync(join(dist, path), 'utf8') }));
  const specifiers = imports.flatMap(({ specifier }) => specifier ?? []);
  const names = specifiers.filter((name) => !name.startsWith('.') && !isBuiltin(name)).map(libraryOf);
  expect([...new Set(names)].toSorted()).toEqual(Object.keys(manifest.dependencies).toSorted());
});

describe.each([
  { version: oldest, node: join(folder, oldestNode.bin) },
  { version: process.versions.node, node: process.execPath },
])('on Node $version', ({ version, node }) => {
  test('says its version', async () => {
    const { stdout } = await run(node, ['--version']);
    expect(stdout.trim()).toBe(`v${version}`);
    expect(await run(node, [bin('rollcall'), '--version'])).toEqual({ stdout: `${manifest.version}\n`, stderr: '' });
  });

  test('a registry with the embedded store is one process, answers, and stops cleanly', async () => {
    const port = await freePort();
    const args = ['registry', '--bind', `127.0.0.1:${port}`, '--infini-bind', 'off', '--data-dir', join(folder, `data-${version}`)];
    const registry = start(node, 'rollcall', args);
    await answers(registry, `http://127.0.0.1:${port}/health`);
    const body = JSON.stringify({ service_name: 'orders', base_url: 'http://127.0.0.1:9' });
    expect((await fetch(`http://127.0.0.1:${port}/register`, { method: 'POST', body })).status).toBe(201);
    expect(await (await fetch(`http://127.0.0.1:${port}/services/orders`)).json()).toMatchObject({ count: 1 });
    await stop(registry);
    expect(registry.output()).not.toMatch(/ExperimentalWarning|DeprecationWarning/);
  });

  test('infini-registry shows its name on its command line', async () => {
    const port = await freePort();
    const registry = start(node, 'infini-registry', ['--port', String(port)]);
    await answers(registry, `http://127.0.0.1:${port}/health`);
    const { stdout } = await run('ps', ['-o', 'args=', '-p', String(registry.child.pid)]);
    expect(stdout).toContain('.bin/infini-registry');
    await stop(registry);
  });
});

describe('a Node that is too old', () => {
  test.each([
    [
      'the package',
      bin('rollcall'),
      '20.11.1',
      'rollcall: this is Node 20.11.1; Node 22.19 or newer is needed: install a newer one and try again\n',
    ],
    [
      'the package, nearly',
      bin('infini-registry'),
      '22.18.0',
      'infini-registry: this is Node 22.18.0; Node 22.19 or newer is needed: install a newer one and try again\n',
    ],
    [
      'a checkout',
      join(root, 'packages/cli/bin/rollcall.js'),
      '22.19.0',
      'rollcall: this is Node 22.19.0; a checkout runs on Node 24 or newer: start it with npm (npm start, npx), or put node_modules/.bin first in PATH\n',
    ],
  ])('is told so in one line by %s', async (_what, file, version, line) => {
    const preload = join(mkdirIn('preload'), `${version}.mjs`);
    writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
    const failure = run(process.execPath, ['--import', preload, file, '--version']);
    await expect(failure).rejects.toMatchObject({ code: 2, stderr: line, stdout: '' });
  });
});

interface Running {
  readonly child: ChildProcess;
  /** Everything it has printed. */
  output(): string;
}

/** Starts a bin as a shell would: by its link, with this Node first in PATH. */
function start(node: string, name: string, args: readonly string[]): Running {
  let text = '';
  const env = { ...process.env, PATH: dirname(node) + delimiter + process.env['PATH'] };
  const child = spawn(join(folder, 'node_modules/.bin', name), args, { cwd: mkdirIn('cwd'), env, stdio: ['ignore', 'pipe', 'pipe'] });
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  running = child;
  return { child, output: () => text };
}

/** Waits, for 30 s at the most, until the URL answers 200. */
async function answers({ child, output }: Running, url: string): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await delay(50)) {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${output()}`);
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
  }
  throw new Error(`${url} does not answer: ${output()}`);
}

async function stop({ child, output }: Running): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  expect(await gone, output()).toEqual([0, null]);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function mkdirIn(name: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  return path;
}

/** npm's package with the Node of this platform, and where its program is. */
function nodePackage(version: string): { readonly name: string; readonly bin: string } {
  const name = `${process.platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node'}-${process.platform}-${process.arch}`;
  if (!/^\d+\.\d+\.\d+$/.test(version)) throw new Error(`engines.node names no version: ${manifest.engines.node}`);
  return { name, bin: `node_modules/${name}/bin/node` };
}
