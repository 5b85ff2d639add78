/** The programs that the cases run, all of them Debian packages that `npm run bench` installs before it begins. */
import { spawnSync } from 'node:child_process';

const PACKAGES = ['wrk', 'util-linux', 'python3-fastapi', 'uvicorn', 'python3-uvloop', 'python3-httptools'];

/** Throws with the remedy where one is missing. */
export function needTools(): void {
  const missing = PACKAGES.filter((name) => spawnSync('dpkg-query', ['--show', name]).status !== 0);
  if (missing.length > 0)
    throw new Error(`missing: ${missing.join(', ')}; as root: apt-get install --no-install-recommends ${missing.join(' ')}`);
}
