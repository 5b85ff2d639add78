/** A disk that cannot be written to, under a running registry: what still works, what is said, and that it comes back by itself. */
import { spawnSync } from 'node:child_process';
import { needs } from '@rollcall/testkit';
import { beforeEach, expect, test } from 'vitest';
import { eventually } from './program.ts';
import { discoverable, register, usePlace } from './place.ts';

const place = usePlace();

beforeEach((context) => {
  needs.command(context, 'prlimit --version', 'apt-get install -y util-linux');
});

/** Files may not grow beyond this: the kernel's own way of a full disk, for one process. */
function limitFiles(pid: number, bytes: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
}

test('writes are refused plainly, reads and heartbeats go on, and writes work again when the disk does', async () => {
  const program = place.registry();
  const url = await program.url('classic');
  const id = await register(url);
  const post = (path: string, body?: string) => fetch(`${url}${path}`, { method: 'POST', ...(body === undefined ? {} : { body }) });
  const another = () => post('/register', '{"service_name":"svc","base_url":"http://127.0.0.1:9"}');

  limitFiles(program.pid, '1');
  const refused = await another();
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).not.toBeNull();
  expect(await discoverable(url)).toEqual([id]);
  expect((await post(`/heartbeat/${id}`)).status).toBe(200);
  expect((await fetch(`${url}/health`)).status).toBe(200);
  expect((await place.rollcall(['status', '--registry', url])).out).toMatch(/^store +embedded, NOT WRITABLE: .+$/m);
  expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^rollcall_store_writable 0$/m);
  await program.logged(({ level, message }) => level === 'error' && message.startsWith('The store cannot write'));

  limitFiles(program.pid, 'unlimited');
  await eventually(
    async () => (await another()).status,
    (status) => status === 201,
  );
  await program.logged(({ message }) => message === 'The store writes again');
  const ids = await discoverable(url);
  program.child.kill('SIGKILL');
  await program.ended;
  expect((await discoverable(await place.registry().url('classic'))).toSorted()).toEqual(ids.toSorted());
});
