/**
 * `npm test`: formatting, lint, unused code, types, then every test. All steps run even when one fails, each shows its own
 * output, and the last line is `N passed, N failed, N skipped`: every test counts, and every step before them as one.
 *
 * Exit 1 when anything failed, or was skipped with CI=true. Arguments go to vitest: `npm test -- packages/core`.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const env = { ...process.env, PATH: join(root, 'node_modules/.bin') + delimiter + process.env.PATH };

const checks = [
  { name: 'format', remedy: 'npm run format', command: ['biome', 'format', '.'] },
  { name: 'lint', remedy: 'see above', command: ['oxlint', '--type-aware', '--deny-warnings'] },
  { name: 'unused', remedy: 'see above', command: ['knip', '--no-config-hints'] },
  { name: 'types', remedy: 'see above', command: ['tsc', '--noEmit'] },
];

const totals = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const skips = [];

for (const { name, remedy, command } of checks) {
  const status = await run(name, command);
  if (status === 0) totals.passed += 1;
  else fail(1, `${name} (${remedy})`);
}
await runTests(process.argv.slice(2));

for (const line of failures) console.log(`failed: ${line}`);
for (const line of skips) console.log(`skipped: ${line}`);
const skipsFail = process.env.CI === 'true' && totals.skipped > 0;
if (skipsFail) console.log('a skip fails in CI (CI=true)');
console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
process.exitCode = totals.failed > 0 || skipsFail ? 1 : 0;

async function runTests(args) {
  const folder = mkdtempSync(join(tmpdir(), 'rollcall-test-'));
  const report = join(folder, 'report.json');
  try {
    const status = await run('tests', ['vitest', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...args]);
    const failedBefore = totals.failed;
    count(report);
    // Something beside the tests: an unhandled rejection, a worker that died, no test found.
    if (status !== 0 && totals.failed === failedBefore) fail(1, 'vitest, its message is above');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function count(report) {
  let files;
  try {
    files = JSON.parse(readFileSync(report, 'utf8')).testResults;
  } catch {
    return fail(1, 'vitest left no report');
  }
  for (const { name, status, assertionResults } of files) {
    const file = name.replace(root, '');
    const failed = assertionResults.filter((test) => test.status === 'failed');
    for (const test of failed) fail(1, `${file} > ${test.fullName}`);
    // A file that could not be loaded, or whose hook failed, has no failed test of its own.
    if (status === 'failed' && failed.length === 0) fail(1, file);
    totals.passed += assertionResults.filter((test) => test.status === 'passed').length;
    for (const test of assertionResults) {
      if (test.status === 'passed' || test.status === 'failed') continue;
      totals.skipped += 1;
      skips.push(
        `${file} > ${test.fullName}: ${test.meta?.unmet ?? (status === 'failed' ? 'its file failed before it' : 'no reason given')}`,
      );
    }
  }
}

function fail(count, what) {
  totals.failed += count;
  failures.push(what);
}

/** Runs one step in the terminal; its exit status, or 1 when it could not run. A SIGTERM to us is passed on. */
function run(name, [command, ...args]) {
  console.log(`\n— ${name}: ${command} ${args.join(' ')}`);
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: ['ignore', 'inherit', 'inherit'] });
    const passOn = () => child.kill('SIGTERM');
    process.once('SIGTERM', passOn);
    child.once('error', (error) => console.log(`${command}: ${error.message}`));
    child.once('close', (status) => {
      process.off('SIGTERM', passOn);
      resolve(status ?? 1);
    });
  });
}
