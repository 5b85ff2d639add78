/** The documentation's tables are those of the code. To mend a difference, take the table that this test expects. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { infiniSettings, registrySettings, settingsAsMarkdown } from '../src/config/index.ts';

const text = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

test.each([
  ['registry-settings.ts', registrySettings],
  ['infini-settings.ts', infiniSettings],
])('the table of %s', (file, table) => {
  const marker = `<!-- made from packages/registry/src/config/${file}: a test compares -->\n`;
  const from = text.indexOf(marker);
  expect(from).toBeGreaterThan(-1);
  expect(text.slice(from + marker.length, text.indexOf('<!-- end -->', from))).toBe(settingsAsMarkdown(table));
});
