/** docs/limits.md says what the code says. */
import { readFileSync } from 'node:fs';
import { countLimits, valueLimits } from '@rollcall/core';
import { serverLimits } from '@rollcall/registry';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');
const rows = new Map([...page.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, name, bound]) => [name, Number(bound)]));

test('every limit is on the page with its bound', () => {
  expect(Object.fromEntries(rows)).toEqual({ ...valueLimits, ...countLimits, ...serverLimits });
});
