/** What people read: tables that line up, harmless text, honest colours. */
import { describe, expect, test } from 'vitest';
import { duration, harmless, table, useColours } from '../src/terminal.ts';

describe('a table', () => {
  test('lines up, with nothing after the last column', () => {
    const rows = [
      ['a', '1'],
      ['long name', '22'],
    ];
    expect(table(['NAME', 'N'], rows)).toBe('NAME       N\na          1\nlong name  22\n');
  });

  test('lines up whatever is coloured, for colours take no room', () => {
    const paint = [(text: string) => `\u001b[31m${text}\u001b[39m`];
    expect(
      table(
        ['N', 'M'],
        [
          ['a', 'b'],
          ['cc', 'd'],
        ],
        paint,
      ),
    ).toBe('N   M\n\u001b[31ma\u001b[39m   b\n\u001b[31mcc\u001b[39m  d\n');
  });

  test('shows what would move the cursor or turn the text around, instead of doing it', () => {
    expect(harmless('a\u001b[2Jb\nc\u202ed\u2028')).toBe('a\\u{1b}[2Jb\\u{a}c\\u{202e}d\\u{2028}');
    expect(harmless('naïve 服务 🙂')).toBe('naïve 服务 🙂');
    expect(table(['N'], [['x\ny']])).toBe('N\nx\\u{a}y\n');
  });
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1 s'],
  [65_400, '1 min 5 s'],
  [3_600_000, '1 h'],
  [90_061_000, '1 d 1 h'],
])('%i ms reads %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('colours need a terminal that is not dumb, and no NO_COLOR', () => {
  expect(useColours({ isTTY: true }, {})).toBe(true);
  expect(useColours({}, {})).toBe(false);
  expect(useColours({ isTTY: true }, { NO_COLOR: '1' })).toBe(false);
  expect(useColours({ isTTY: true }, { NO_COLOR: '' })).toBe(true);
  expect(useColours({ isTTY: true }, { TERM: 'dumb' })).toBe(false);
});
