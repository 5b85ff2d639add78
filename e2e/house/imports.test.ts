import { expect, test } from 'vitest';
import { importFindings } from './imports.ts';
import { readSources } from './source.ts';

test('every import of the project is in the import table', () => {
  const sources = readSources();
  expect(sources.length).toBeGreaterThan(10);
  expect(sources.flatMap(importFindings)).toEqual([]);
});

const CORE = 'packages/core/src/x.ts';
const CLIENT = 'packages/client/src/x.ts';
const CLASSIC = 'packages/registry/src/dialects/classic/routes.ts';

test.each([
  ['a Node built-in in the core', CORE, "import { readFileSync } from 'node:fs';", "may not import Node's node:fs"],
  ['a built-in by its old name', CORE, "import fs from 'fs';", "may not import Node's fs"],
  ['a built-in loaded dynamically', 'packages/balance/src/x.ts', "const os = await import('node:os');", "may not import Node's node:os"],
  ['a built-in as a type', CORE, "import type { Socket } from 'node:net';", "may not import Node's node:net"],
  ['a type in line', CORE, "let socket: import('node:net').Socket;", "may not import Node's node:net"],
  ['a computed import in the core', CORE, 'await import(name);', 'a computed import cannot be checked'],
  ['require', CORE, "const os = require('os');", "may not import Node's os"],
  ['a library in the core', CORE, "import Fastify from 'fastify';", 'may not import the library fastify'],
  ['a package by a deep path', CORE, "import type { X } from '@rollcall/registry/config';", 'core may not import registry'],
  ['core and balance, each other', CORE, "import { pick } from '@rollcall/balance';", 'core may not import balance'],
  [
    'another library than typebox in protocol',
    'packages/protocol/src/x.ts',
    "export * from '@scope/name/deep';",
    'may not import the library @scope/name',
  ],
  ['a value of protocol in the client', CLIENT, "import { instanceSchema } from '@rollcall/protocol';", 'as types only'],
  ['a value beside a type', CLIENT, "import { type Instance, instanceSchema } from '@rollcall/protocol';", 'as types only'],
  ['a re-export of values', CLIENT, "export { instanceSchema } from '@rollcall/protocol';", 'as types only'],
  ['an import for its effect', CLIENT, "import '@rollcall/protocol';", 'as types only'],
  [
    'the router importing the registry',
    'packages/router/src/x.ts',
    "import type { Probe } from '@rollcall/registry';",
    'router may not import registry',
  ],
  [
    'the testkit in the product',
    'packages/cli/src/x.ts',
    "import { needs } from '@rollcall/testkit';",
    'only tests may import the testkit',
  ],
  [
    'a test of the core that imports the server',
    'packages/core/test/x.test.ts',
    "import '@rollcall/registry';",
    'core may not import registry',
  ],
  ['a way around the package name', 'packages/registry/src/x.ts', "import '../../core/src/model.ts';", "another package's file"],
  ['source code importing a test', CORE, "import '../test/helper.ts';", 'belongs to the tests'],
  ['a dialect importing another', CLASSIC, "import { decode } from '../infini/decode.ts';", 'may not import the dialect infini'],
  ['a dialect importing a store', CLASSIC, "import type { X } from '../../store/memory.ts';", 'may not import a store'],
  ['a dialect importing the list', CLASSIC, "import { dialects } from '../index.ts';", 'the list of dialects'],
  ['a package without a row', 'packages/extra/src/x.ts', 'export {};', 'no row in the import table'],
])('refuses %s', (_what, path, text, reason) => {
  expect(importFindings({ path, text })).toEqual([expect.stringContaining(reason)]);
});

test.each([
  ['types of protocol in the client', CLIENT, "import type { Instance } from '@rollcall/protocol';"],
  ['single types of protocol in the client', CLIENT, "import { type Instance } from '@rollcall/protocol';"],
  ['an import in a comment or a string', CORE, "// import 'node:fs'\nexport const text = \"import 'node:fs'\";"],
  ['typebox by a deep path', 'packages/protocol/src/x.ts', "import { Type } from 'typebox/type';"],
  ['the testkit in tests', 'packages/core/test/x.test.ts', "import { needs } from '@rollcall/testkit';"],
  ['a dialect its own files and the server', CLASSIC, "import './decode.ts';\nimport type { Dialect } from '../../server/dialect.ts';"],
  ['everything in e2e', 'e2e/x.test.ts', "import '@rollcall/registry';"],
])('allows %s', (_what, path, text) => {
  expect(importFindings({ path, text })).toEqual([]);
});
