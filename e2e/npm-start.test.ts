/** The first command of a newcomer, by npm: what it says, and that every way of ending it ends all of it. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually, type Program, root, startCommand } from './program.ts';
import { usePlace } from './place.ts';

const place = usePlace();

const env = () => ({
  SERVICE_REGISTRY_BIND: '127.0.0.1:0',
  ROLLCALL_INFINI_BIND: '127.0.0.1:0',
  ROLLCALL_DATA_DIR: join(place.directory, 'data'),
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
    expect((await shell.ended).code).toBe(0);
    answers.push(shell.stdout());
  }
  expect(JSON.parse(answers[0] ?? '')).toMatchObject({ status: 'registered', service_name: 'hello' });
  expect(JSON.parse(answers[1] ?? '')).toMatchObject({ service_name: 'hello', count: 1 });
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
