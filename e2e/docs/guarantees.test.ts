/** Each test that docs/guarantees.md names is there, under that title. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../program.ts';

const page = readFileSync(join(root, 'docs/guarantees.md'), 'utf8');
const rows = [...page.matchAll(/^\| (?!test )(.+?) \| `(.+?)` \|$/gm)].map(([, title, file]) => ({ title: title ?? '', file: file ?? '' }));

test('the page names tests', () => expect(rows.length).toBeGreaterThan(20));

test.each(rows)('$file: $title', ({ title, file }) => {
  expect(readFileSync(join(root, file), 'utf8')).toContain(title);
});
