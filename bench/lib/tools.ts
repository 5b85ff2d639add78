/**
 * Brings the Debian packages that a case needs. Installed where that is possible, as root; else one line with the command.
 * uvloop and httptools are for a peer that is as fast as it gets.
 */
import { spawnSync } from 'node:child_process';

const PACKAGES = ['wrk', 'util-linux', 'python3-fastapi', 'uvicorn', 'python3-uvloop', 'python3-httptools'];

/** Throws with the remedy where a package is missing and cannot be installed. */
export function bringTools(): void {
  const missing = PACKAGES.filter((name) => spawnSync('dpkg-query', ['--show', name]).status !== 0);
  if (missing.length === 0) return;
  const install = ['install', '--yes', '--no-install-recommends', ...missing];
  const remedy = `apt-get ${install.join(' ')}`;
  if (process.getuid?.() !== 0) throw new Error(`${missing.join(', ')} missing; as root: ${remedy}`);
  console.log(`${remedy} …`);
  // RUNLEVEL=1: a package that brings a daemon does not start it.
  const env = { ...process.env, RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' };
  const wait = ['-o', 'DPkg::Lock::Timeout=300', '-qq'];
  spawnSync('apt-get', [...wait, 'update'], { env });
  const { status, stderr } = spawnSync('apt-get', [...wait, ...install], { env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${remedy} failed: ${stderr.trim()}`);
}
