/** The project's own source files, and their syntax trees: what the rules of the house are checked on. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseSync, Visitor, type VisitorObject } from 'rolldown/utils';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Source {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly text: string;
}

const PLACES = ['packages/*/{src,test,bin,scripts}/**', 'e2e/**', 'bench/**', 'sim/**', 'scripts/**', '*'];
const LEFT_OUT = new Set(['node_modules', 'dist', 'fixtures', 'results']);

/** Every TypeScript and JavaScript file of the project, committed or not; nothing installed or generated. */
export function readSources(): Source[] {
  const patterns = PLACES.map((place) => (place === '*' ? '*.{ts,mjs,js}' : `${place}/*.{ts,mts,mjs,js}`));
  return globSync(patterns, { cwd: root, exclude: (name) => LEFT_OUT.has(name) })
    .toSorted()
    .map((path) => ({ path, text: readFileSync(root + path, 'utf8') }));
}

/** Walks the syntax tree; returns the comments. Throws where the text cannot be parsed. */
export function visit({ path, text }: Source, visitor: VisitorObject): string[] {
  const { program, comments, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path}: ${error.message}`);
  new Visitor(visitor).visit(program);
  return comments.map((comment) => comment.value);
}
