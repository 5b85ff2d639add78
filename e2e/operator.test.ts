/** Operators' commands against a real registry: what they show, and that what they do lasts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { start } from './program.ts';
import { discoverable, freePorts, register, usePlace } from './place.ts';

const place = usePlace();
const { registry, rollcall } = place;

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
  const file = join(place.directory, 'backup.db');
  expect((await rollcall(['backup', file, '--registry', url])).code).toBe(0);
  await register(url, 'after');
  const historyAt = async (base: string) => ((await (await fetch(`${base}/api/v1/status`)).json()) as { history: string }).history;
  const history = await historyAt(url);
  const before = readFileSync(file);
  expect((await rollcall(['backup', file, '--registry', url])).err).toContain('is there already');
  expect(readFileSync(file).equals(before)).toBe(true);

  const elsewhere = join(place.directory, 'elsewhere');
  expect((await rollcall(['restore', file, '--data-dir', elsewhere])).code).toBe(0);
  const onto = await rollcall(['restore', file, '--data-dir', join(place.directory, 'data')]);
  expect(onto.code).toBe(2);
  expect(onto.err).toMatch(/^rollcall: [^\n]*\n$/);
  expect(onto.err).toContain(join(place.directory, 'data'));

  const second = start('rollcall', ['registry', ...freePorts, '--data-dir', elsewhere], { cwd: place.directory });
  const restored = await second.url('classic');
  expect(await discoverable(restored)).toEqual([id]);
  expect(await discoverable(restored, 'after')).toEqual([]);
  expect(await historyAt(restored)).not.toBe(history);
});
