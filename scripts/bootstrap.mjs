/**
 * Brings what `npm start`, `npm test` and `npm run bench` need; each of them begins with it (not as `prestart` and the like:
 * npm leaves those out where install scripts are switched off). With `--test`, also the Debian packages that tests run real
 * clients with.
 *
 * npm packages are installed when the lock file is another than the one they were installed from. Debian packages only where
 * one is missing, as root, with apt-get; where that cannot be, the tests that need one say so themselves. When all is there
 * it takes a fifth of a second. Plain JavaScript that any Node from 20 on runs. What stops it is one line on stderr with the
 * remedy, exit 2.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const NODE_MAJOR = '24';
const DEBIAN_PACKAGES = [
  'curl',
  'procps',
  'python3-aiohttp',
  'python3-fastapi',
  'python3-httptools',
  'python3-httpx',
  'python3-requests',
  'python3-uvloop',
  'util-linux',
  'uvicorn',
  'wrk',
];

const root = fileURLToPath(new URL('..', import.meta.url));
const installedFrom = `${root}node_modules/.rollcall-lock.sha256`;

installNodePackages();
checkNode();
if (process.argv.includes('--test')) installDebianPackages();

function installNodePackages() {
  const lock = createHash('sha256')
    .update(readFileSync(`${root}package-lock.json`))
    .digest('hex');
  if (existsSync(installedFrom) && readFileSync(installedFrom, 'utf8') === lock) return;
  console.log('installing npm packages (npm ci) …');
  const { command, args } = npm();
  const { status, error } = spawnSync(command, [...args, 'ci', '--include=dev', '--loglevel=error'], {
    cwd: root,
    env: withoutWorkspace(process.env),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (error !== undefined) stop(`npm could not be started (${error.message})`, 'start this with npm: npm start, npm test');
  if (status !== 0)
    stop('npm ci failed, its message is above', 'see that the npm registry can be reached, then run the same command again');
  writeFileSync(installedFrom, lock);
}

/** The npm that runs us, by the Node that runs it: node_modules/.bin/node goes while `npm ci` works, and would take it along. */
function npm() {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script === undefined) return { command: 'npm', args: [] };
  return { command: node ?? process.execPath, args: [script] };
}

/** `npm test -w packages/core` must still install all, not that workspace alone. */
function withoutWorkspace(env) {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.toLowerCase().startsWith('npm_config_workspace')));
}

/** The dev dependency `node` is what everything runs on. */
function checkNode() {
  const { status, stdout } = spawnSync(`${root}node_modules/.bin/node`, ['--version'], { encoding: 'utf8' });
  if (status === 0 && stdout.startsWith(`v${NODE_MAJOR}.`)) return;
  const found = status === 0 ? `is ${stdout.trim()}` : 'does not run';
  stop(`node_modules/.bin/node ${found}, Node ${NODE_MAJOR} is needed`, 'npm rebuild node --ignore-scripts=false');
}

function installDebianPackages() {
  const missing = missingDebianPackages();
  if (missing.length === 0) return;
  const command = `apt-get install --no-install-recommends ${missing.join(' ')}`;
  const reason = whyNoApt();
  if (reason !== undefined) {
    console.log(`tests that need ${missing.join(', ')} will be skipped: ${reason}; to run them: ${command}`);
    return;
  }
  console.log(`${command} …`);
  // RUNLEVEL=1: a package that brings a daemon does not start it.
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' };
  const options = { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] };
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-qq'];
  const update = spawnSync('apt-get', [...wait, 'update'], options);
  const install = spawnSync('apt-get', [...wait, 'install', '--yes', '--no-install-recommends', ...missing], options);
  if (install.status === 0) return;
  process.stderr.write(update.stderr + install.stderr);
  console.log(`tests that need ${missing.join(', ')} will be skipped: apt-get failed, its message is above`);
}

function missingDebianPackages() {
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...DEBIAN_PACKAGES], { encoding: 'utf8' });
  const installed = new Set((stdout ?? '').split('\n'));
  return DEBIAN_PACKAGES.filter((name) => !installed.has(`${name} installed`));
}

function whyNoApt() {
  if (!existsSync('/etc/debian_version') || spawnSync('apt-get', ['--version']).status !== 0) return 'this is no Debian';
  if (process.getuid?.() !== 0) return 'only root may install packages';
  return undefined;
}

function stop(what, remedy) {
  process.stderr.write(`rollcall: ${what}; remedy: ${remedy}\n`);
  process.exit(2);
}
