/**
 * Who may import whom. The table is the architecture: what is not in it is not allowed, whatever form the import takes
 * (static, dynamic, re-export, type, `require`).
 */
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import { type Source, visit } from './source.ts';

interface Row {
  /** Packages of the project, by folder; `typesOnly` may be imported as types, which leave no trace at run time. */
  readonly packages: readonly string[];
  readonly typesOnly?: readonly string[];
  /** npm packages; where `any`, package.json and knip keep the list. */
  readonly libraries: readonly string[] | 'any';
  readonly builtins: boolean;
}

const PURE: Row = { packages: [], libraries: [], builtins: false };
const EVERYTHING = ['core', 'balance', 'protocol', 'registry', 'router', 'babysitter', 'client', 'dashboard'];

const TABLE: Readonly<Record<string, Row>> = {
  core: PURE,
  balance: PURE,
  protocol: { ...PURE, libraries: ['typebox'] },
  client: { packages: [], typesOnly: ['protocol'], libraries: [], builtins: true },
  registry: { packages: ['core', 'protocol'], libraries: 'any', builtins: true },
  router: { packages: ['balance', 'client', 'protocol'], libraries: 'any', builtins: true },
  babysitter: { packages: ['client'], libraries: 'any', builtins: true },
  dashboard: { packages: ['client', 'protocol'], libraries: 'any', builtins: true },
  cli: { packages: EVERYTHING, libraries: 'any', builtins: true },
  testkit: { packages: ['core', 'balance', 'protocol'], libraries: 'any', builtins: true },
};

export interface Import {
  /** Undefined where it is computed. */
  readonly specifier: string | undefined;
  readonly typeOnly: boolean;
}

/** What one file imports against the table, each as one sentence. Files outside packages/ may import everything. */
export function importFindings(source: Source): string[] {
  const [, name, area] = /^packages\/([^/]+)\/([^/]+)\//.exec(source.path) ?? [];
  if (name === undefined || area === undefined) return [];
  const row = TABLE[name];
  if (row === undefined) return [`${source.path}: the package ${name} has no row in the import table`];
  const judge = area === 'test' ? testRow(name, row) : row;
  return importsOf(source)
    .map((item) => refusal(source.path, name, judge, item))
    .filter((reason) => reason !== undefined)
    .map((reason) => `${source.path}: ${reason}`);
}

/** A package's tests import what it may, itself, and the testkit. */
function testRow(name: string, row: Row): Row {
  return { packages: [...row.packages, ...(row.typesOnly ?? []), name, 'testkit'], libraries: 'any', builtins: true };
}

function refusal(path: string, name: string, row: Row, { specifier, typeOnly }: Import): string | undefined {
  if (specifier === undefined) return row.builtins ? undefined : 'a computed import cannot be checked';
  if (specifier.startsWith('.')) return strayed(path, name, posix.join(posix.dirname(path), specifier));
  if (specifier.startsWith('/') || specifier.startsWith('file:')) return `${specifier} is an absolute path`;
  if (isBuiltin(specifier)) return row.builtins ? undefined : `${name} may not import Node's ${specifier}`;
  const wanted = /^rollcall(\/|$)/.test(specifier) ? 'cli' : /^@rollcall\/([^/]+)/.exec(specifier)?.[1];
  if (wanted === undefined) {
    const library = libraryOf(specifier);
    return row.libraries === 'any' || row.libraries.includes(library) ? undefined : `${name} may not import the library ${library}`;
  }
  if (row.packages.includes(wanted)) return undefined;
  if (row.typesOnly?.includes(wanted)) return typeOnly ? undefined : `${name} may import ${wanted} as types only`;
  return wanted === 'testkit' ? 'only tests may import the testkit' : `${name} may not import ${wanted}`;
}

/** A relative import stays in its package; source code does not import tests, a dialect neither another one nor a store. */
function strayed(path: string, name: string, target: string): string | undefined {
  if (!target.startsWith(`packages/${name}/`)) return `${target} is another package's file: import the package by its name`;
  if (!path.startsWith(`packages/${name}/test/`) && target.startsWith(`packages/${name}/test/`)) return `${target} belongs to the tests`;
  const dialects = 'packages/registry/src/dialects/';
  const own = dialectOf(path);
  if (own === undefined) return undefined;
  if (target.startsWith('packages/registry/src/store')) return `the dialect ${own} may not import a store`;
  const other = dialectOf(target);
  if (other !== undefined && other !== own) return `the dialect ${own} may not import the dialect ${other}`;
  if (target === `${dialects}index.ts`) return `the dialect ${own} may not import the list of dialects`;
  return undefined;
}

function dialectOf(path: string): string | undefined {
  return /^packages\/registry\/src\/dialects\/([^/]+)\//.exec(path)?.[1];
}

/** The npm package that a bare specifier names: `@scope/name` of `@scope/name/deep`. */
export function libraryOf(specifier: string): string {
  return /^(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;
}

export function importsOf(source: Source): Import[] {
  const imports: Import[] = [];
  visit(source, {
    ImportDeclaration(node) {
      const everyNameIsType =
        node.specifiers.length > 0 && node.specifiers.every((item) => item.type === 'ImportSpecifier' && item.importKind === 'type');
      imports.push({ specifier: node.source.value, typeOnly: node.importKind === 'type' || everyNameIsType });
    },
    ExportNamedDeclaration(node) {
      if (node.source === null) return;
      const everyNameIsType = node.specifiers.length > 0 && node.specifiers.every((item) => item.exportKind === 'type');
      imports.push({ specifier: node.source.value, typeOnly: node.exportKind === 'type' || everyNameIsType });
    },
    ExportAllDeclaration(node) {
      imports.push({ specifier: node.source.value, typeOnly: node.exportKind === 'type' });
    },
    ImportExpression(node) {
      imports.push({ specifier: literal(node.source), typeOnly: false });
    },
    TSImportType(node) {
      imports.push({ specifier: node.source.value, typeOnly: true });
    },
    CallExpression(node) {
      if (node.callee.type !== 'Identifier' || node.callee.name !== 'require') return;
      const [first] = node.arguments;
      imports.push({ specifier: first === undefined ? undefined : literal(first), typeOnly: false });
    },
  });
  return imports;
}

function literal(node: { readonly type: string }): string | undefined {
  return node.type === 'Literal' && 'value' in node && typeof node.value === 'string' ? node.value : undefined;
}
