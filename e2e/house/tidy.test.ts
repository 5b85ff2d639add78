import { expect, test } from 'vitest';
import longer from './longer-files.json' with { type: 'json' };
import { readSources } from './source.ts';
import { lengthFindings, MAX_LINES, purityFindings, switchFindings } from './tidy.ts';

const sources = readSources();

test('no file is longer than it may be', () => {
  expect(lengthFindings(sources, longer)).toEqual([]);
});

test('time, chance and surroundings are passed into the pure packages', () => {
  expect(sources.flatMap(purityFindings)).toEqual([]);
});

test('no test, type or check is switched off', () => {
  expect(sources.flatMap(switchFindings)).toEqual([]);
});

test('the length of files is a ratchet', () => {
  const file = (lines: number) => [{ path: 'a.ts', text: '\n'.repeat(lines) }];
  expect(lengthFindings(file(MAX_LINES), {})).toEqual([]);
  expect(lengthFindings(file(MAX_LINES + 1), {})).toEqual([expect.stringContaining('300 are allowed')]);
  expect(lengthFindings(file(400), { 'a.ts': 400 })).toEqual([]);
  expect(lengthFindings(file(401), { 'a.ts': 400 })).toEqual([expect.stringContaining('400 are allowed')]);
  expect(lengthFindings(file(399), { 'a.ts': 400 })).toEqual([expect.stringContaining('write 399')]);
  expect(lengthFindings(file(MAX_LINES), { 'a.ts': 400 })).toEqual([expect.stringContaining('take it off')]);
  expect(lengthFindings([], { 'a.ts': 400 })).toEqual([expect.stringContaining('does not exist')]);
});

test.each([
  ['Date.now()', 'Date.now'],
  ["Date['now']()", 'Date.now'],
  ['new Date()', 'new Date()'],
  ['Date()', 'Date()'],
  ['Math.random()', 'Math.random'],
  ['performance.now()', 'performance'],
  ['const clock = performance', 'performance'],
  ['process.hrtime()', 'process'],
  ['globalThis.setTimeout(f, 1)', 'globalThis'],
  ['setTimeout(f, 1)', 'setTimeout'],
  ['setInterval(f, 1)', 'setInterval'],
  ['const later = { setImmediate }', 'setImmediate'],
  ['crypto.randomUUID()', 'crypto'],
  ["console.log('')", 'console'],
])('finds %s in the core', (text, name) => {
  expect(purityFindings({ path: 'packages/core/src/x.ts', text })).toEqual([expect.stringContaining(`: ${name} is ambient`)]);
  expect(purityFindings({ path: 'packages/registry/src/x.ts', text })).toEqual([]);
});

test.each([
  'new Date(nowMs)',
  'Math.max(1, 2)',
  'clock.performance',
  '({ process: 1 })',
  '// Date.now()',
  "'setTimeout()'",
  'interface X { process(): void }',
])('leaves %s in the core alone', (text) => {
  expect(purityFindings({ path: 'packages/core/src/x.ts', text })).toEqual([]);
});

// Put together from pieces, so that this file is not found itself.
const word = (...pieces: string[]) => pieces.join('');

test.each([
  ["test.only('x', () => {})", 'test.only'],
  ["describe.concurrent.skip('x', () => {})", 'describe.skip'],
  ["it.each([1]).todo('x')", 'it.todo'],
  ["test.runIf(true)('x', () => {})", 'test.runIf'],
  ["test('x', { fails: true }, () => {})", '{ fails }'],
  ["test('x', (context) => context.skip('later'))", 'skip()'],
  ['let x: any', 'the type any'],
  ['const x = y as unknown as Map<string, any>', 'the type any'],
  [word('// @ts-', 'ignore'), word('@ts-', 'ignore')],
  [word('// @ts-', 'expect-error: why'), word('@ts-', 'expect-error')],
  [word('/* oxlint-', 'disable */'), word('oxlint-', 'disable')],
  [word('// biome-', 'ignore format: why'), word('biome-', 'ignore')],
  [word('// TO', 'DO: later'), word('TO', 'DO')],
])('finds %s', (text, finding) => {
  expect(switchFindings({ path: 'e2e/x.test.ts', text })).toEqual([`e2e/x.test.ts: ${finding}`]);
});

test.each([
  "test('only one', () => {})",
  'list.only',
  "const text = 'any'",
  '// any of them',
  'iterator.drop(1)',
  "// 'test.only' in a comment",
])('leaves %s alone', (text) => {
  expect(switchFindings({ path: 'e2e/x.test.ts', text })).toEqual([]);
});
