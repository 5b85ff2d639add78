import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeInfo, healthStatus, shownStatus } from '../../src/dialects/infini/encode.ts';
import { entryOf } from './original-router.ts';
import { anyView, aView } from './views.ts';

const check = { name: 'health', kind: 'http', path: '/health', intervalMs: 1, timeoutMs: 1, rise: 1, fall: 1, gates: false } as const;

test('the original router can read every instance, whatever dialect it came by', () => {
  fc.assert(
    fc.property(anyView, (view) => {
      const entry = entryOf(JSON.parse(JSON.stringify(encodeInfo(view))));
      expect(entry.weight).toBeGreaterThanOrEqual(view.record.weight);
      expect(entry.is_healthy).toBe(view.discoverable);
    }),
  );
});

describe('an instance of this dialect', () => {
  test('is shown as it was registered', () => {
    expect(encodeInfo(aView({ url: 'http://elsewhere/v1', metadata: { type: 'openai-api' }, weight: 3 }))).toEqual({
      name: 'billing',
      host: '10.0.0.7',
      port: 8_000,
      hostname: 'box-1',
      url: 'http://elsewhere/v1',
      status: 'running',
      timestamp: '2026-01-02T03:04:05.678Z',
      last_heartbeat: Date.UTC(2026, 0, 2, 3, 4, 7, 178) / 1_000,
      health_status: 'unknown',
      is_healthy: true,
      weight: 3,
      metadata: { type: 'openai-api' },
    });
  });

  test('keeps its own status when it is late, as in the original', () => {
    expect(shownStatus(aView({}, { status: 'late', discoverable: false }))).toBe('running');
  });

  test.each(['draining', 'maintenance'] as const)('shows an operator’s %s as its status', (intent) => {
    expect(shownStatus(aView({ declaredStatus: 'starting' }, { intent, status: intent, discoverable: false }))).toBe(intent);
  });
});

describe('an instance of another dialect', () => {
  const foreign = { id: 'id-1' as never, service: 'search', dialect: 'classic' };

  test('is named by its service and its id', () => {
    expect(encodeInfo(aView(foreign)).name).toBe('search@id-1');
  });

  test('is running while it serves, also late when a guard holds it, and unhealthy when it does not', () => {
    expect(shownStatus(aView(foreign))).toBe('running');
    expect(shownStatus(aView(foreign, { status: 'late', held: true }))).toBe('running');
    expect(shownStatus(aView(foreign, { status: 'failing', discoverable: false }))).toBe('unhealthy');
    expect(shownStatus(aView({ ...foreign, declaredStatus: 'stopping' }, { status: 'stopped', discoverable: false }))).toBe('stopping');
  });

  test('gets what it cannot have registered: a hostname, a URL with its port, a whole weight', () => {
    const { node: _, ...record } = aView({
      ...foreign,
      address: { scheme: 'http', host: '::1', port: 80, path: '/x' },
      weight: 0.1,
    }).record;
    expect(encodeInfo({ ...aView(), record })).toMatchObject({ hostname: '::1', url: 'http://[::1]:80/x', weight: 1 });
  });

  test('is a backend for the original router when it has models', () => {
    expect(encodeInfo(aView({ ...foreign, models: ['a', 'b'], metadata: { type: 'llm', gpu: 'h100' } })).metadata).toEqual({
      type: 'openai-api',
      gpu: 'h100',
      models: ['a', 'b'],
      models_list: [
        { id: 'a', object: 'model' },
        { id: 'b', object: 'model' },
      ],
    });
  });
});

test('health_status is what the checks last said, and one that fails decides', () => {
  const view = (...states: ('unknown' | 'passing' | 'failing')[]) => aView({}, { checks: states.map((state) => ({ spec: check, state })) });
  expect(healthStatus(view())).toBe('unknown');
  expect(healthStatus(view('unknown', 'passing'))).toBe('healthy');
  expect(healthStatus(view('passing', 'failing'))).toBe('unhealthy');
});
