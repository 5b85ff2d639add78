/**
 * Makes `dist/` of the published package, at `npm pack`: Node refuses to run TypeScript under node_modules.
 *
 * Entries are the command and every `*.worker.ts` of every package; the project's own packages go into the bundle, what is
 * in `dependencies` stays outside. Chunks and workers lie side by side, where `startWorker` looks for them. It fails when
 * what the bundle imports and what package.json declares differ, in either direction, or when two workers share a name.
 */
import { copyFileSync, globSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const here = fileURLToPath(new URL('..', import.meta.url));
const root = join(here, '../..');
const dist = join(here, 'dist');
const declared = Object.keys(JSON.parse(readFileSync(join(here, 'package.json'), 'utf8')).dependencies);

rmSync(dist, { recursive: true, force: true });
const bundle = await rolldown({
  input: { main: join(here, 'src/main.ts'), ...workers() },
  platform: 'node',
  external: (id) => !id.startsWith('.') && !id.startsWith('/') && !id.startsWith('@rollcall/'),
});
const { output } = await bundle.write({
  dir: dist,
  format: 'esm',
  entryFileNames: '[name].js',
  chunkFileNames: '[name]-[hash].js',
});
await bundle.close();
compare(new Set(output.flatMap((chunk) => (chunk.type === 'chunk' ? [...chunk.imports, ...chunk.dynamicImports] : [])).flatMap(packageOf)));
copyFileSync(join(root, 'LICENSE'), join(here, 'LICENSE'));

/** Each worker under its base name: `writer.worker`. */
function workers() {
  const entries = {};
  for (const file of globSync('packages/*/src/**/*.worker.ts', { cwd: root })) {
    const name = basename(file, '.ts');
    if (name in entries) fail(`two workers are named ${name}: ${entries[name]} and ${file}; rename one`);
    entries[name] = join(root, file);
  }
  return entries;
}

/** The npm package of an import, or nothing for Node's own and the bundle's. */
function packageOf(id) {
  if (isBuiltin(id) || output.some(({ fileName }) => fileName === id)) return [];
  const [scopeOrName, name] = id.split('/');
  return [scopeOrName.startsWith('@') ? `${scopeOrName}/${name}` : scopeOrName];
}

function compare(imported) {
  const undeclared = [...imported].filter((name) => !declared.includes(name));
  const unused = declared.filter((name) => !imported.has(name));
  if (undeclared.length > 0) fail(`the bundle imports ${undeclared.join(', ')}: add to dependencies of packages/cli/package.json`);
  if (unused.length > 0) fail(`the bundle does not import ${unused.join(', ')}: take out of dependencies of packages/cli/package.json`);
}

function fail(message) {
  process.stderr.write(`bundle: ${message}\n`);
  process.exit(1);
}
