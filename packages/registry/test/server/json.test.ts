import { describe, expect, test } from 'vitest';
import { parseJson } from '../../src/server/json.ts';
import { JSON_DEPTH } from '../../src/server/limits.ts';

const parse = (text: string) => parseJson(Buffer.from(text));
const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

describe('a body', () => {
  test.each(['{"a":[1,null,"ü"]}', '"text"', '0', 'null', ' {} \n'])('%s is what JSON says', (text) => {
    expect(parse(text)).toEqual({ value: JSON.parse(text) as unknown });
  });

  test('may begin with a byte order mark', () => {
    expect(parseJson(Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]))).toEqual({ value: {} });
  });

  test('may be as deep as the limit, and no deeper, however deep it is', () => {
    expect(parse(nested(JSON_DEPTH))).toHaveProperty('value');
    for (const levels of [JSON_DEPTH + 1, 10_000, 500_000]) {
      expect(parse(nested(levels))).toEqual({ problem: expect.stringContaining(`${JSON_DEPTH} levels`) as string });
    }
    expect(parse('{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000))).toHaveProperty('problem');
  });

  test.each([
    ['{"a":1', 'JSON'],
    ["{'a':1}", 'JSON'],
    ['{"a":NaN}', 'JSON'],
    ['{"a":"\u0000"}', 'control character'],
    ['\u0007', 'JSON'],
  ])('%j is no JSON, and why is said without control characters', (text, part) => {
    const { problem } = parse(text) as { problem: string };
    expect(problem).toContain(part);
    expect(problem).not.toMatch(/\p{Cc}/u);
  });

  test('must be UTF-8', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc3, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
      [0xff, 0xfe, 0x7b, 0x00],
    ]) {
      expect(parseJson(Buffer.from(bytes))).toEqual({ problem: expect.stringContaining('UTF-8') as string });
    }
  });

  test.each([
    '{"__proto__":{}}',
    '{"a":[{"\\u005f_proto__":1}]}',
    '{"constructor":{"prototype":{}}}',
    '[{"a":{"constructor":{"prototype":1}}}]',
  ])('%s is refused, by the name of the key', (text) => {
    expect(parse(text)).toEqual({ problem: expect.stringMatching(/"(__proto__|constructor\.prototype)"/) as string });
    expect(Object.hasOwn(Object.prototype, 'a')).toBe(false);
  });

  test.each(['{"constructor":"a builder"}', '{"prototype":1}', '["__proto__"]'])('%s is harmless', (text) => {
    expect(parse(text)).toHaveProperty('value');
  });
});
