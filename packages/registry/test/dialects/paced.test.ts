import { expect, test } from 'vitest';
import { forEachPaced, SLICE } from '../../src/dialects/paced.ts';

test('every item is visited once and in order, and others get their turn after each slice', async () => {
  const visited: number[] = [];
  const turnsAt: number[] = [];
  let done = false;
  function turn(): void {
    if (done) return;
    turnsAt.push(visited.length);
    setImmediate(turn);
  }
  setImmediate(turn);
  await forEachPaced(Array(3 * SLICE + 1).keys(), (item) => visited.push(item));
  done = true;
  expect(visited).toEqual([...Array(3 * SLICE + 1).keys()]);
  expect(turnsAt).toEqual(expect.arrayContaining([SLICE, 2 * SLICE, 3 * SLICE]));
});
