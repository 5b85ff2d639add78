/**
 * Bytes of a body → JSON, or what is wrong with them in words. The one place where bodies are parsed.
 *
 * Strict UTF-8 (a leading byte order mark is allowed); at most `JSON_DEPTH` levels, so that nothing that walks the value later
 * can run out of stack; and none of the keys with which other programs' prototypes are polluted, since what is stored here is
 * handed to them. Never throws.
 */
import { isUtf8 } from 'node:buffer';
import { JSON_DEPTH } from './limits.ts';

export type ParsedJson = { readonly value: unknown } | { readonly problem: string };

export function parseJson(bytes: Buffer): ParsedJson {
  if (!isUtf8(bytes)) return { problem: 'the body is not valid UTF-8' };
  const start = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8', start));
  } catch (error) {
    return { problem: error instanceof Error ? shortened(error.message) : 'it cannot be parsed' };
  }
  const problem = problemIn(value, JSON_DEPTH);
  return problem === undefined ? { value } : { problem };
}

function problemIn(value: unknown, levels: number): string | undefined {
  if (value === null || typeof value !== 'object') return undefined;
  if (levels === 0) return `objects and arrays may lie at most ${JSON_DEPTH} levels deep`;
  if (Array.isArray(value)) {
    for (const item of value) {
      const problem = problemIn(item, levels - 1);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (key === '__proto__') return 'the key "__proto__" is not allowed';
    if (key === 'constructor' && isObjectWithPrototype(inner)) return 'the key "constructor.prototype" is not allowed';
    const problem = problemIn(inner, levels - 1);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function isObjectWithPrototype(value: unknown): boolean {
  return value !== null && typeof value === 'object' && Object.hasOwn(value, 'prototype');
}

/** The parser quotes the body, which may hold what no log or terminal should show. */
function shortened(message: string): string {
  return message.replaceAll(/\p{Cc}+/gu, ' ').slice(0, 200);
}
