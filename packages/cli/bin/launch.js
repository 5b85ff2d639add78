/**
 * What every bin does: check the Node version, then run the command in this very process, so that the pid and the name on
 * the command line are the program's own.
 *
 * In a checkout the sources are run as they are (type stripping: Node 24); in the published package there is no src/, only
 * the bundle. Plain JavaScript that an old Node can still read, so that it can say what is wrong: one line, exit 2.
 */
import { existsSync } from 'node:fs';
import * as modules from 'node:module';
import { fileURLToPath } from 'node:url';

const OLDEST = [22, 19];
const OLDEST_FOR_SOURCES = [24, 0];

const [major, minor] = process.versions.node.split('.').map(Number);

function olderThan([needsMajor, needsMinor]) {
  return major < needsMajor || (major === needsMajor && minor < needsMinor);
}

function refuse(program, remedy) {
  process.stderr.write(`${program}: this is Node ${process.versions.node}; ${remedy}\n`);
  process.exit(2);
}

/** Runs `program` with the arguments of this process. */
export async function launch(program) {
  const sources = new URL('../src/main.ts', import.meta.url);
  const runsAsSources = existsSync(sources);
  if (runsAsSources && olderThan(OLDEST_FOR_SOURCES)) {
    refuse(program, 'a checkout runs on Node 24 or newer: start it with npm (npm start, npx), or put node_modules/.bin first in PATH');
  }
  if (olderThan(OLDEST)) refuse(program, 'Node 22.19 or newer is needed: install a newer one and try again');
  if (runsAsSources) keepCompiled();
  const { main } = await import(runsAsSources ? sources.href : new URL('../dist/main.js', import.meta.url).href);
  await main(program, process.argv.slice(2));
}

/**
 * Stripping types and compiling take half of a start: what one start has compiled the next one finds, in a directory that
 * only who may change the sources can write to. NODE_COMPILE_CACHE names another; where it cannot be written nothing happens.
 */
function keepCompiled() {
  modules.enableCompileCache(
    process.env.NODE_COMPILE_CACHE || fileURLToPath(new URL('../../../node_modules/.cache/rollcall', import.meta.url)),
  );
}
