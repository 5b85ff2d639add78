/** The README's first example, run as it is printed, but for the ports. */
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { endAll, root, start } from '../program.ts';

const readme = readFileSync(join(root, 'README.md'), 'utf8');

afterEach(endAll);

function blockWith(text: string): string {
  const blocks = [...readme.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block ?? '');
  const found = blocks.find((block) => block.includes(text));
  if (found === undefined) throw new Error(`the README has no example with ${text}`);
  return found;
}

test('the example of the README works as printed', async () => {
  const registry = start('rollcall', ['up', '--store', 'memory', '--bind', '127.0.0.1:0', '--infini-bind', '127.0.0.1:0']);
  const script = blockWith('/register')
    .replaceAll('http://127.0.0.1:8100', await registry.url('classic'))
    .replaceAll('http://127.0.0.1:8081', await registry.url('infini'));

  const { stdout } = await promisify(execFile)('bash', ['-euc', script.replaceAll('curl -s', 'curl -sS -w "\\n"')]);

  const [registered, found, heartbeat, healthy, deregistered] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(registered).toMatchObject({ status: 'registered', service_name: 'users', base_url: 'http://127.0.0.1:8000' });
  expect(found).toMatchObject({ count: 1 });
  expect(heartbeat).toMatchObject({ status: 'ok', instance_id: registered?.['instance_id'] });
  expect(healthy).toMatchObject({ total: 1, services: [{ name: `users@${String(registered?.['instance_id'])}`, is_healthy: true }] });
  expect(deregistered).toMatchObject({ status: 'ok' });
});

test('the two commands of the README are scripts', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  expect(blockWith('npm start')).toContain('npm test');
  expect(scripts).toMatchObject({ start: expect.any(String), test: expect.any(String) });
});

const pages = ['README.md', 'docs/ARCHITECTURE.md', 'docs/guarantees.md', 'docs/limits.md', 'docs/performance.md'];

test.each(pages)('what %s links to is there', (page) => {
  const text = readFileSync(join(root, page), 'utf8');
  const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, link]) => link ?? '');
  const named = [...text.matchAll(/`((?:packages|e2e|bench|docs)\/[\w./-]+)`/g)].map(([, path]) => path ?? '');
  const missing = [...links.map((link) => join(dirname(page), link)), ...named].filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});
