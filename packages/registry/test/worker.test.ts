import { expect, test } from 'vitest';
import { workerFile } from '../src/worker.ts';

const source = new URL('file:///srv/rollcall/dist/writer.worker.ts');

test('sources start the file that was named', () => {
  expect(workerFile(source, true)).toEqual(source);
});

test('the bundle starts the same name as JavaScript', () => {
  expect(workerFile(new URL('file:///srv/my.ts/dist/writer.worker.ts'), false).pathname).toBe('/srv/my.ts/dist/writer.worker.js');
});

test('a file that the bundler would not find is refused', () => {
  expect(() => workerFile(new URL('file:///srv/writer.ts'), true)).toThrow('*.worker.ts');
});
