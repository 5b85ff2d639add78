import { describe, expect, test } from 'vitest';
import { createAnswerCache, MAX_AGE_MS } from '../../src/server/answer-cache.ts';

function setUp(maxBytes?: number) {
  let nowMs = 0;
  let made = 0;
  const cache = createAnswerCache({ monotonicMs: () => nowMs }, maxBytes);
  const make = (bytes = 1) => {
    made += 1;
    return [String(made % 10).repeat(bytes)];
  };
  return { cache, make, made: () => made, pass: (ms: number) => (nowMs += ms) };
}

describe('an answer', () => {
  test('is made once while its source does not move', () => {
    const { cache, make, made, pass } = setUp();
    const source = { epoch: 1 };
    const first = cache.answer('a', source, make);
    pass(MAX_AGE_MS);
    expect(cache.answer('a', source, make)).toBe(first);
    expect(made()).toBe(1);
  });

  test('is made again when its source moved, and when it is a second old', () => {
    const { cache, make, made, pass } = setUp();
    const source = { epoch: 1 };
    cache.answer('a', source, make);
    source.epoch = 2;
    cache.answer('a', source, make);
    expect(made()).toBe(2);
    pass(MAX_AGE_MS + 1);
    cache.answer('a', source, make);
    expect(made()).toBe(3);
  });

  test('of a service that went and came again is not the old one, whatever its epoch', () => {
    const { cache, make, made } = setUp();
    cache.answer('a', { epoch: 1 }, make);
    cache.answer('a', { epoch: 1 }, make);
    expect(made()).toBe(2);
  });

  test('that was made while its source moved is not kept as newer than it is', () => {
    const { cache, made, make } = setUp();
    const source = { epoch: 1 };
    cache.answer('a', source, () => {
      source.epoch = 2;
      return make();
    });
    cache.answer('a', source, make);
    expect(made()).toBe(2);
  });
});

test('a body is what its pieces say, short or long, ASCII or not', () => {
  const { cache } = setUp();
  for (const text of ['', 'ascii', 'größe 日本', 'x'.repeat(20_000), 'ü'.repeat(20_000)]) {
    const body = cache.answer('a', { epoch: 1 }, () => [text.slice(0, 3), text.slice(3)]);
    expect(Buffer.from(body as string).toString()).toBe(text);
  }
});

describe('the cache', () => {
  test('never holds more than its bound, and drops the oldest first', () => {
    const { cache, make, made } = setUp(800);
    const source = { epoch: 1 };
    for (let key = 0; key < 1_000; key += 1) {
      cache.answer(String(key), source, () => make(100));
      expect(cache.bytes).toBeLessThanOrEqual(800);
    }
    const before = made();
    cache.answer('999', source, () => make(100));
    expect(made()).toBe(before);
    cache.answer('0', source, () => make(100));
    expect(made()).toBe(before + 1);
  });

  test('keeps no answer that would take more than an eighth of it', () => {
    const { cache, make } = setUp(800);
    expect(cache.answer('a', { epoch: 1 }, () => make(101))).toHaveLength(101);
    expect(cache.bytes).toBe(0);
  });

  test('counts an answer that is replaced once', () => {
    const { cache, make } = setUp(800);
    const source = { epoch: 1 };
    for (; source.epoch < 100; source.epoch += 1) cache.answer('a', source, () => make(50));
    expect(cache.bytes).toBe(50);
  });

  test('lets go of answers that are too old when a new one comes', () => {
    const { cache, make, pass } = setUp(800);
    cache.answer('a', { epoch: 1 }, () => make(100));
    pass(MAX_AGE_MS + 1);
    cache.answer('b', { epoch: 1 }, () => make(1));
    expect(cache.bytes).toBe(1);
  });
});
