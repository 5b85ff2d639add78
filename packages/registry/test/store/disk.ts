/** Small disks of their own for tests, mounted and unmounted by them. Needs the right to mount. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { needs } from '@rollcall/testkit';
import { onTestFinished, type TestContext } from 'vitest';

export interface Disk {
  readonly path: string;
  makeReadOnly(): void;
  makeWritable(): void;
}

const MOUNTS = 'd=$(mktemp -d) && mount -t tmpfs -o size=64k tmpfs "$d" && umount "$d" && rmdir "$d"';

/** A disk in memory of `kilobytes`; gone with the test. Skips the test where mounting is not allowed. */
export function mountDisk(context: TestContext, kilobytes: number): Disk {
  needs.command(context, MOUNTS, 'run the tests as root, with the right to mount (CAP_SYS_ADMIN)');
  const path = mkdtempSync(join(tmpdir(), 'disk-'));
  mount('-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', path);
  onTestFinished(() => {
    // Lazily: a store that a failed test left open must not keep it.
    execFileSync('umount', ['-l', path]);
    rmSync(path, { recursive: true });
  });
  return {
    path,
    makeReadOnly: () => mount('-o', 'remount,ro', path),
    makeWritable: () => mount('-o', 'remount,rw', path),
  };
}

function mount(...args: string[]): void {
  execFileSync('mount', args, { stdio: 'pipe' });
}
