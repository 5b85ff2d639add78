/** The scripts behind the two commands, in a planted project: what they install, when, what they count and how they fail. */
import { execFile } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { root } from './source.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'rollcall-commands-'));
  cpSync(join(root, 'scripts'), join(folder, 'scripts'), { recursive: true });
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe('bootstrap', () => {
  // Stands for npm: notes how it was called, and leaves what the install would leave.
  const fakeNpm = (node: string) => `
    import { appendFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
    appendFileSync('calls.txt', process.argv.slice(2).join(' ') + ' workspace=' + process.env.npm_config_workspace + '\\n');
    rmSync('node_modules', { recursive: true, force: true });
    mkdirSync('node_modules/.bin', { recursive: true });
    ${node}
  `;
  const rightNode = `symlinkSync(${JSON.stringify(process.execPath)}, 'node_modules/.bin/node');`;
  const olderNode = `writeFileSync('node_modules/.bin/node', '#!/bin/sh\\necho v20.1.0\\n', { mode: 0o755 });`;

  const bootstrap = () =>
    script('scripts/bootstrap.mjs', [], {
      npm_execpath: join(folder, 'npm.mjs'),
      npm_node_execpath: process.execPath,
      npm_config_workspace: 'x',
    });
  const calls = () => readFileSync(join(folder, 'calls.txt'), 'utf8').split('\n').length - 1;

  beforeEach(() => {
    plant('package-lock.json', '{}');
    plant('npm.mjs', fakeNpm(rightNode));
  });

  test('installs everything once, and again when the lock file changes', async () => {
    expect(await bootstrap()).toMatchObject({ code: 0, stderr: '' });
    expect(readFileSync(join(folder, 'calls.txt'), 'utf8')).toBe('ci --include=dev --loglevel=error workspace=undefined\n');
    expect(await bootstrap()).toMatchObject({ code: 0, stdout: '', stderr: '' });
    expect(calls()).toBe(1);
    plant('package-lock.json', '{ }');
    expect(await bootstrap()).toMatchObject({ code: 0 });
    expect(calls()).toBe(2);
  });

  test('a failed install is one line with the remedy, and is tried again', async () => {
    plant('npm.mjs', `${fakeNpm('')}\nprocess.exit(1);`);
    expect(await bootstrap()).toMatchObject({ code: 2, stderr: expect.stringMatching(/^rollcall: npm ci failed.*; remedy: .*\n$/) });
    plant('npm.mjs', fakeNpm(rightNode));
    expect(await bootstrap()).toMatchObject({ code: 0 });
    expect(calls()).toBe(2);
  });

  test.each([
    ['missing', '', 'does not run'],
    ['too old', olderNode, 'is v20.1.0'],
  ])('a Node that is %s afterwards is said so', async (_what, node, text) => {
    plant('npm.mjs', fakeNpm(node));
    const line = `rollcall: node_modules/.bin/node ${text}, Node 24 is needed; remedy: npm rebuild node --ignore-scripts=false\n`;
    expect(await bootstrap()).toMatchObject({ code: 2, stderr: line });
  });
});

describe('npm test', () => {
  const CHECKS = ['biome', 'oxlint', 'knip', 'tsc'];
  const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);
  const runTests = (env: Record<string, string> = {}) => script('scripts/test.mjs', [], { CI: '', ...env });

  beforeEach(() => {
    for (const name of CHECKS) plantCheck(name, 0);
    for (const name of ['vitest', '@rollcall/testkit', '.bin/vitest']) {
      const link = join(folder, 'node_modules', name);
      mkdirSync(dirname(link), { recursive: true });
      symlinkSync(join(root, 'node_modules', name), link);
    }
    plant('good.test.ts', "import { test } from 'vitest';\ntest('one', () => {});\ntest('two', () => {});\n");
  });

  test('counts every test, and every check as one', async () => {
    const { code, stdout } = await runTests();
    expect(lastLine(stdout)).toBe('6 passed, 0 failed, 0 skipped');
    expect(code).toBe(0);
  });

  test('goes on after a check that fails, and fails', async () => {
    plantCheck('oxlint', 1);
    const { code, stdout } = await runTests();
    expect(stdout).toContain('failed: lint');
    expect(lastLine(stdout)).toBe('5 passed, 1 failed, 0 skipped');
    expect(code).toBe(1);
  });

  test('counts failed tests, files that cannot be loaded, and what goes wrong beside the tests', async () => {
    plant('fails.test.ts', "import { expect, test } from 'vitest';\ntest('wrong', () => expect(1).toBe(2));\n");
    plant('missing.test.ts', "import './nowhere.ts';\n");
    const { code, stdout } = await runTests();
    expect(stdout).toContain('failed: fails.test.ts > wrong');
    expect(stdout).toContain('failed: missing.test.ts');
    expect(lastLine(stdout)).toBe('6 passed, 2 failed, 0 skipped');
    expect(code).toBe(1);
  });

  test('an unhandled rejection fails, though every test passed', async () => {
    plant('good.test.ts', "import { test } from 'vitest';\ntest('one', () => { void Promise.reject(new Error('lost')); });\n");
    const { code, stdout } = await runTests();
    expect(lastLine(stdout)).toBe('5 passed, 1 failed, 0 skipped');
    expect(code).toBe(1);
  });

  test('prints why a test was skipped; in CI that fails', async () => {
    const call = "needs.command(context, 'exit 3', 'apt-get install three')";
    plant(
      'needy.test.ts',
      `import { needs } from '@rollcall/testkit';\nimport { test } from 'vitest';\ntest('needy', (context) => ${call});\n`,
    );
    const here = await runTests();
    expect(here.stdout).toContain('skipped: needy.test.ts > needy: `exit 3` fails; to run it: apt-get install three');
    expect(lastLine(here.stdout)).toBe('6 passed, 0 failed, 1 skipped');
    expect(here.code).toBe(0);
    const inCi = await runTests({ CI: 'true' });
    expect(lastLine(inCi.stdout)).toBe('6 passed, 0 failed, 1 skipped');
    expect(inCi.code).toBe(1);
  });

  function plantCheck(name: string, status: number): void {
    plant(`node_modules/.bin/${name}`, `#!/bin/sh\nexit ${status}\n`);
    chmodSync(join(folder, 'node_modules/.bin', name), 0o755);
  }
});

test('.ci/run is the tests', () => {
  expect(readFileSync(join(root, '.ci/run'), 'utf8')).toMatch(/^exec npm test <\/dev\/null$/m);
});

function plant(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a script of the planted project as npm would, with nothing of the npm and vitest that run this test. */
function script(path: string, args: readonly string[], env: Record<string, string>): Promise<Ended> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|vitest)/i.test(name));
  const options = { cwd: folder, env: { ...Object.fromEntries(inherited), NO_COLOR: '1', ...env } };
  return new Promise((resolve) => {
    execFile(process.execPath, [path, ...args], options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}
