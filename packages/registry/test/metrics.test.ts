/** What `/metrics` says is read by a small, strict parser of the text format, so that a scraper can read it too. */
import type { Registry } from '@rollcall/core';
import { describe, expect, test } from 'vitest';
import { createHistogram, readingText } from '../src/metrics/exposition.ts';
import { createMetrics } from '../src/metrics/index.ts';

interface Family {
  readonly type: string;
  readonly samples: Map<string, number>;
}

const LINE =
  /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (NaN|[+-]Inf|[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/;

/** Fails on anything that format 0.0.4 does not allow: unknown lines, samples without a type, families in pieces, repeats. */
function parse(text: string): Map<string, Family> {
  const families = new Map<string, Family>();
  let current: string | undefined;
  let helped: string | undefined;
  expect(text.endsWith('\n')).toBe(true);
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const help = /^# HELP (\S+) .+$/.exec(line);
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    if (help !== null) helped = help[1];
    else if (type !== null) {
      const [, name = '', kind = ''] = type;
      expect(families.has(name), `${name} twice`).toBe(false);
      expect(helped).toBe(name);
      families.set(name, { type: kind, samples: new Map() });
      current = name;
    } else {
      const sample = LINE.exec(line);
      if (sample === null) throw new Error(`not a line of the format: ${line}`);
      const [, name = '', labels = '', value] = sample;
      const family = families.get(current ?? '');
      const suffixes = family?.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      expect(suffixes.map((suffix) => `${current}${suffix}`)).toContain(name);
      const key = `${name}{${labels}}`;
      expect(family?.samples.has(key), `${key} twice`).toBe(false);
      family?.samples.set(key, Number(value === '+Inf' ? Infinity : value));
    }
  }
  return families;
}

const registry = {
  counts: { services: 2, instances: 5, discoverable: 3, late: 1, held: 0, inGrace: 0, remembered: 0, intents: 1, expired: 7, revived: 1 },
  state: { history: 'h', revision: 9, store: { kind: 'memory', writable: true }, guarded: [], stalledMs: 1_500, notices: [] },
} as unknown as Registry;

describe('the text', () => {
  test('parses, with the five names of the original and ours', async () => {
    const metrics = createMetrics({ version: '1.2.3', store: 'memory' });
    metrics.observe(registry, () => ({ checks: 9, probes: 11, failures: 4, inFlight: 2, waiting: 1, fullHosts: 0, lagMs: 250 }));
    const record = metrics.request('classic', 'register');
    record(0.3);
    record(7);
    metrics.request('infini', 'list')(20_000);
    metrics.onCommit(3, 12);
    const families = parse(await metrics.text());
    const value = (name: string, key = `${name}{}`) => families.get(name)?.samples.get(key);

    expect(value('registry_services_total')).toBe(5);
    expect(value('registry_services_healthy')).toBe(3);
    expect(value('registry_requests_total')).toBe(3);
    expect(value('registry_health_checks_total')).toBe(11);
    expect(value('registry_health_check_failures_total')).toBe(4);
    expect(families.get('registry_services_total')?.type).toBe('gauge');
    expect(families.get('registry_requests_total')?.type).toBe('counter');
    expect(value('rollcall_expired_total')).toBe(7);
    expect(value('rollcall_probe_lag_seconds')).toBe(0.25);
    expect(value('rollcall_stalled_seconds_total')).toBe(1.5);
    const of = 'rollcall_request_duration_seconds';
    const bucket = (dialect: string, operation: string, le: string) =>
      value(of, `${of}_bucket{dialect="${dialect}",operation="${operation}",le="${le}"}`);
    expect(bucket('classic', 'register', '0.00025')).toBe(0);
    expect(bucket('classic', 'register', '0.0005')).toBe(1);
    expect(bucket('classic', 'register', '+Inf')).toBe(2);
    expect(bucket('infini', 'list', '10')).toBe(0);
    expect(bucket('infini', 'list', '+Inf')).toBe(1);
    expect(value('rollcall_store_commit_commands', 'rollcall_store_commit_commands_bucket{le="25"}')).toBe(1);
  });

  test('has the delay of the event loop, and not the gauges that are named like counters', async () => {
    const families = parse(await createMetrics({ version: '1', store: 'memory' }).text());
    expect([...families.keys()]).toContain('nodejs_eventloop_lag_p99_seconds');
    expect([...families.keys()].filter((name) => name.startsWith('nodejs_active_') && name.endsWith('_total'))).toEqual([]);
  });

  test('keeps any label and help readable', () => {
    const histogram = createHistogram('h', 'a\nb\\c', [1]);
    histogram.bind({ name: 'quote " back \\ line \n end' })(2);
    const families = parse(histogram.text());
    expect([...(families.get('h')?.samples.keys() ?? [])][0]).toContain('quote \\" back \\\\ line \\n end');
    expect(
      parse(readingText({ name: 'g', help: 'x', type: 'gauge', read: () => [{ value: NaN }, { labels: { a: 'b' }, value: 1e-7 }] })).size,
    ).toBe(1);
  });
});

describe('a histogram', () => {
  test('counts a value at a bound below it, and adds up', () => {
    const histogram = createHistogram('h', 'x', [1, 2]);
    const record = histogram.bind({});
    for (const value of [0, 1, 1.5, 2, 3]) record(value);
    expect(histogram.count).toBe(5);
    expect([...(parse(histogram.text()).get('h')?.samples ?? [])]).toEqual([
      ['h_bucket{le="1"}', 2],
      ['h_bucket{le="2"}', 4],
      ['h_bucket{le="+Inf"}', 5],
      ['h_sum{}', 7.5],
      ['h_count{}', 5],
    ]);
  });

  test('gives the same series for the same labels', () => {
    const histogram = createHistogram('h', 'x', [1]);
    histogram.bind({ a: '1', b: '2' })(0);
    histogram.bind({ b: '2', a: '1' })(0);
    expect([...(parse(histogram.text()).get('h')?.samples.values() ?? [])]).toEqual([2, 2, 0, 2]);
  });
});
