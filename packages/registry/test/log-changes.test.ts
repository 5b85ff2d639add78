/** What happens to instances is in the log, with who it was; a flood of it is counted instead. A real registry in memory. */
import { createRegistry, type InstanceDraft, type InstanceId, type Registry } from '@rollcall/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { logChanges, openLog } from '../src/log/index.ts';
import { createMemoryStore } from '../src/store/memory.ts';

interface Line {
  readonly level: string;
  readonly message: string;
  readonly service_id?: string;
  readonly counts?: Readonly<Record<string, number>>;
}

let nowMs: number;
let lines: Line[];
let registry: Registry;
let stop: () => void;

beforeEach(async () => {
  nowMs = 0;
  lines = [];
  const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
  registry = createRegistry({ store: createMemoryStore(), clock, reach: () => Promise.resolve('silent') });
  await registry.open();
  const writer = { write: (line: string) => void lines.push(JSON.parse(line) as Line), drain: () => Promise.resolve(), dropped: 0 };
  const { log } = await openLog({ level: 'info', readable: false, colours: false, writer });
  stop = logChanges(registry, log, clock.monotonicMs);
});

afterEach(async () => {
  stop();
  await registry.close();
});

function draft(id: string): InstanceDraft {
  return {
    id: id as InstanceId,
    service: 'svc',
    dialect: 'classic',
    address: { scheme: 'http', host: '127.0.0.1', port: 1, path: '' },
    tags: [],
    metadata: {},
    weight: 1,
    models: [],
    declaredStatus: 'running',
    lease: { ttlMs: 1_000, removeAfterMs: 2_000, renewedBy: 'heartbeat', revivable: false },
    checks: [],
  };
}

const register = (id: string) => registry.submit({ kind: 'register', draft: draft(id), identical: 'replace' });
const messages = () => lines.map(({ level, message, service_id }) => `${level} ${message} ${service_id}`);

/** Ticks, as the program does, until `wanted`; at most an hour of simulated time. */
async function passUntil(wanted: () => boolean): Promise<void> {
  for (let ticks = 0; ticks < 36_000 && !wanted(); ticks += 1) {
    nowMs += 100;
    registry.tick();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(wanted()).toBe(true);
}

test('an instance comes, is drained, is replaced and goes', async () => {
  const id = 'a' as InstanceId;
  await register('a');
  await registry.submit({ kind: 'intent', target: { kind: 'instance', id }, intent: 'draining' });
  await register('a');
  await registry.submit({ kind: 'deregister', id });
  expect(messages()).toEqual([
    'info Service registered a',
    "info Operator's intent changed a",
    'info Service registered again a',
    'info Service deregistered a',
  ]);
  expect(lines[1]).toMatchObject({ service_name: 'svc', dialect: 'classic', status: 'draining', intent: 'draining' });
});

test('one that stays silent is late, and then expired', async () => {
  await register('a');
  await passUntil(() => lines.length === 3);
  expect(messages().slice(1)).toEqual(['warn Service is late a', 'warn Service expired a']);
});

test('of a flood the first are logged one by one and the rest are counted, in the next second or at the end', async () => {
  await Promise.all(Array.from({ length: 2_000 }, (_, index) => register(`i${index}`)));
  expect(lines).toHaveLength(500);
  nowMs += 1_000;
  await register('later');
  expect(lines.slice(500).map(({ message }) => message)).toEqual(['More happened than is logged one by one', 'Service registered']);
  expect(lines[500]?.counts).toEqual({ 'Service registered': 1_500 });

  await Promise.all(Array.from({ length: 600 }, (_, index) => register(`j${index}`)));
  stop();
  expect(lines.at(-1)?.counts).toEqual({ 'Service registered': 101 });
});
