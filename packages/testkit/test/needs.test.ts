import { expect, test } from 'vitest';
import { needs } from '../src/needs.ts';

test('what is there lets the test go on', (context) => {
  needs.command(context, 'exit 0', 'nothing');
  expect(context.task.meta.unmet).toBeUndefined();
});

test('what is missing ends the test with the reason and the remedy', (context) => {
  const reasons: (string | undefined)[] = [];
  const planted = {
    ...context,
    task: { ...context.task, meta: {} as typeof context.task.meta },
    skip: (reason?: unknown): never => {
      reasons.push(String(reason));
      throw new Error('ended');
    },
  };
  expect(() => needs.command(planted, 'exit 3', 'apt-get install three')).toThrow('ended');
  expect(reasons).toEqual(['`exit 3` fails; to run it: apt-get install three']);
  expect(planted.task.meta.unmet).toBe(reasons[0]);
});
