/**
 * What a test needs from the machine and cannot bring itself: a server, an interpreter, a right.
 *
 * Where it is missing the test is skipped at run time, with the reason and the command that would provide it; `npm test`
 * prints and counts it, and in CI such a skip fails. Nothing else may skip a test.
 */
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'vitest';

declare module 'vitest' {
  interface TaskMeta {
    /** Why the test was skipped; read by the script behind `npm test`. */
    unmet?: string;
  }
}

/** How long one look may take, in ms; one that takes longer counts as not there. */
const LOOK_TIMEOUT_MS = 30_000;

const looks = new Map<string, boolean>();

export const needs = {
  /**
   * Skips the test, or every test when called in `beforeEach`, unless the shell command exits 0. Each command is run once a
   * test file. `remedy` is the command that would install what is missing.
   */
  command(test: TestContext, command: string, remedy: string): void {
    let there = looks.get(command);
    if (there === undefined) {
      there = spawnSync('/bin/sh', ['-c', command], { stdio: 'ignore', timeout: LOOK_TIMEOUT_MS }).status === 0;
      looks.set(command, there);
    }
    needs.that(test, there, `\`${command}\` fails`, remedy);
  },

  /** Skips the test unless `there`; for what no command can tell. */
  that(test: TestContext, there: boolean, missing: string, remedy: string): void {
    if (there) return;
    const reason = `${missing}; to run it: ${remedy}`;
    test.task.meta.unmet = reason;
    test.skip(reason);
  },
};
