/**
 * Rules that a reader would otherwise have to keep in mind: how long a file may be, what the pure packages may not call, and
 * what tests and types may not be switched off with. They only ever tighten.
 */
import type { ESTree, VisitorObject } from 'rolldown/utils';
import { type Source, visit } from './source.ts';

export const MAX_LINES = 300;

/**
 * Compares file lengths with the limit. `longer` are the files above it, with the length that each had when last looked at:
 * it may shrink and must then be written down anew; it may not grow.
 */
export function lengthFindings(sources: readonly Source[], longer: Readonly<Record<string, number>>): string[] {
  const findings: string[] = [];
  const gone = new Set(Object.keys(longer));
  for (const { path, text } of sources) {
    if (!path.endsWith('.ts')) continue;
    const lines = text.split('\n').length - 1;
    const allowed = longer[path];
    gone.delete(path);
    if (lines > (allowed ?? MAX_LINES)) findings.push(`${path}: ${lines} lines, ${allowed ?? MAX_LINES} are allowed: make it two rooms`);
    else if (allowed !== undefined && lines <= MAX_LINES)
      findings.push(`${path}: no longer above ${MAX_LINES} lines: take it off the list`);
    else if (allowed !== undefined && lines < allowed) findings.push(`${path}: has shrunk, write ${lines} in the list`);
  }
  for (const path of gone) findings.push(`${path}: is on the list and does not exist: take it off`);
  return findings;
}

/** Time, chance and surroundings are passed in: none of these names may stand in core and balance. */
const AMBIENT = new Set(['performance', 'process', 'crypto', 'console', 'globalThis', 'setTimeout', 'setInterval', 'setImmediate']);
const AMBIENT_MEMBERS = new Set(['Date.now', 'Math.random']);

export function purityFindings(source: Source): string[] {
  if (!/^packages\/(core|balance)\/src\//.test(source.path)) return [];
  const findings: string[] = [];
  const report = (name: string) => findings.push(`${source.path}: ${name} is ambient; let it be passed in`);
  const keys = new Set<object>();
  const isKey = (node: { readonly key: object; readonly computed?: boolean }) => {
    if (node.computed !== true) keys.add(node.key);
  };
  visit(source, {
    MemberExpression(node) {
      if (!node.computed) keys.add(node.property);
      if (node.object.type !== 'Identifier') return;
      const name = `${node.object.name}.${memberName(node) ?? ''}`;
      if (AMBIENT_MEMBERS.has(name)) report(name);
    },
    Property: isKey,
    PropertyDefinition: isKey,
    MethodDefinition: isKey,
    TSPropertySignature: isKey,
    TSMethodSignature: isKey,
    Identifier(node) {
      if (AMBIENT.has(node.name) && !keys.has(node)) report(node.name);
    },
    NewExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0) report('new Date()');
    },
    CallExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date') report('Date()');
    },
  });
  return findings;
}

const TEST_NAMES = new Set(['test', 'it', 'describe', 'suite', 'bench']);
const SWITCHES = new Set(['only', 'skip', 'todo', 'fails', 'skipIf', 'runIf']);
const SWITCHED_OFF = /@ts-(ignore|nocheck|expect-error)|(eslint|oxlint)-disable|biome-ignore/;
const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b/;

/** No test and no check is switched off, nothing is `any`, no comment promises to finish later. */
export function switchFindings(source: Source): string[] {
  const findings: string[] = [];
  const report = (what: string) => findings.push(`${source.path}: ${what}`);
  const comments = visit(source, {
    TSAnyKeyword: () => report('the type any'),
    ...(source.path.endsWith('.test.ts') ? testVisitor(report) : {}),
  });
  for (const comment of comments) {
    const word = SWITCHED_OFF.exec(comment)?.[0] ?? UNFINISHED.exec(comment)?.[0];
    if (word !== undefined) report(word);
  }
  return findings;
}

/** `test.only`, `describe.concurrent.skip`, `test('…', { todo: true }, …)`; and `skip()` of the context, which is for `needs` alone. */
function testVisitor(report: (what: string) => void): VisitorObject {
  return {
    MemberExpression(node) {
      const name = memberName(node);
      if (name !== undefined && SWITCHES.has(name) && TEST_NAMES.has(rootName(node))) report(`${rootName(node)}.${name}`);
    },
    CallExpression(node) {
      const { callee } = node;
      if (callee.type === 'MemberExpression' && memberName(callee) === 'skip' && !TEST_NAMES.has(rootName(callee))) report('skip()');
      if (!TEST_NAMES.has(rootName(callee))) return;
      for (const argument of node.arguments) {
        if (argument.type !== 'ObjectExpression') continue;
        for (const property of argument.properties) {
          if (property.type === 'Property' && property.key.type === 'Identifier' && SWITCHES.has(property.key.name))
            report(`{ ${property.key.name} }`);
        }
      }
    },
  };
}

function memberName(node: ESTree.MemberExpression): string | undefined {
  if (!node.computed) return node.property.type === 'Identifier' ? node.property.name : undefined;
  return node.property.type === 'Literal' && typeof node.property.value === 'string' ? node.property.value : undefined;
}

/** `test` for `test.concurrent.each([])`; empty where it begins with something else than a name. */
function rootName(node: ESTree.Expression): string {
  if (node.type === 'Identifier') return node.name;
  if (node.type === 'MemberExpression') return rootName(node.object);
  if (node.type === 'CallExpression') return rootName(node.callee);
  return '';
}
