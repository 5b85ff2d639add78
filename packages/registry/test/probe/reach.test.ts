import { createServer } from 'node:net';
import type { Address } from '@rollcall/core';
import { describe, expect, test } from 'vitest';
import { createReach, type Resolution } from '../../src/probe/index.ts';
import { listen, shut } from './fixtures.ts';

function at(host: string, port: number): Address {
  return { scheme: 'http', host, port, path: '' };
}

const nameless = { resolve: (): Promise<Resolution> => Promise.resolve({ kind: 'missing' }) };
const silent = { resolve: (): Promise<Resolution> => new Promise(() => {}) };

describe('reach', () => {
  test('tells who accepts from who refuses, and calls everything else silent', async () => {
    const server = createServer((socket) => socket.on('error', () => {}));
    const port = await listen(server);
    const reach = createReach({ resolver: nameless, timeoutMs: 10_000 });
    expect(await reach(at('127.0.0.1', port))).toBe('accepted');
    expect(await reach(at('0.0.0.0', port))).toBe('accepted');
    await shut(server);
    expect(await reach(at('127.0.0.1', port))).toBe('refused');
    expect(await reach(at('nowhere.example', port))).toBe('silent');
    expect(await reach(at('169.254.169.254', 80))).toBe('silent');
    expect(await reach(at('no host', 80))).toBe('silent');
    expect(await createReach({ resolver: silent, timeoutMs: 50 })(at('slow.example', port))).toBe('silent');
  });

  test('a thousand questions at one dead name leave room for others, within the bounds', async () => {
    const server = createServer((socket) => socket.on('error', () => {}));
    const port = await listen(server);
    let asking = 0;
    let most = 0;
    const resolver = {
      async resolve(): Promise<Resolution> {
        asking += 1;
        most = Math.max(most, asking);
        await new Promise((resolve) => setTimeout(resolve, 5));
        asking -= 1;
        return { kind: 'unanswered' };
      },
    };
    const reach = createReach({ resolver, concurrency: 16, timeoutMs: 10_000 });
    let dead = 0;
    const all = Array.from({ length: 1_000 }, async (_, index) => {
      expect(await reach(at('dead.example', index))).toBe('silent');
      dead += 1;
    });
    expect(await reach(at('127.0.0.1', port))).toBe('accepted');
    expect(dead).toBeLessThan(1_000);
    await Promise.all(all);
    expect(most).toBe(8);
    await shut(server);
  });

  test('names known to be dead leave half of the room to the others', async () => {
    const server = createServer((socket) => socket.on('error', () => {}));
    const port = await listen(server);
    const resolver = {
      async resolve(): Promise<Resolution> {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return { kind: 'unanswered' };
      },
    };
    const reach = createReach({ resolver, concurrency: 4, timeoutMs: 10_000 });
    const names = Array.from({ length: 4 }, (_, index) => `dead-${index}.example`);
    await Promise.all(names.map((name) => reach(at(name, 1))));
    let dead = 0;
    const all = Array.from({ length: 200 }, async (_, index) => {
      await reach(at(names[index % names.length] ?? '', index));
      dead += 1;
    });
    expect(await reach(at('127.0.0.1', port))).toBe('accepted');
    expect(dead).toBeLessThan(100);
    await Promise.all(all);
    await shut(server);
  });
});
