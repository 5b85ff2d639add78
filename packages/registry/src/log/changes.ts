/**
 * Registrations, deregistrations, expiries and changes of status, as log lines, from the registry's own changes.
 *
 * Bound: `LINES_PER_SECOND`. A million leases that end at once would otherwise stop the event loop for seconds; what goes
 * beyond is counted, by what happened, in one line as soon as a new second begins.
 */
import type { Change, Registry } from '@rollcall/core';
import type { Log } from './log.ts';

const LINES_PER_SECOND = 500;

/** Returns the way to stop, which also logs what was still uncounted. */
export function logChanges(registry: Registry, log: Log, monotonicMs: () => number): () => void {
  let windowBeganMs = monotonicMs();
  let lines = 0;
  const unlogged = new Map<string, number>();

  function summarise(): void {
    if (unlogged.size === 0) return;
    const counts = Object.fromEntries(unlogged);
    unlogged.clear();
    log.info({ counts }, 'More happened than is logged one by one');
  }

  function note(change: Change): void {
    const { level, message } = describe(change);
    if (!log.isLevelEnabled(level)) return;
    lines += 1;
    if (lines > LINES_PER_SECOND) unlogged.set(message, (unlogged.get(message) ?? 0) + 1);
    else log[level](fieldsOf(change, registry), message);
  }

  const stop = registry.subscribe((changes) => {
    const nowMs = monotonicMs();
    if (nowMs - windowBeganMs >= 1_000) {
      windowBeganMs = nowMs;
      lines = 0;
      summarise();
    }
    for (const change of changes) note(change);
  });
  // What a burst left over is told even when nothing follows it.
  const timer = setInterval(() => {
    if (monotonicMs() - windowBeganMs >= 1_000) summarise();
  }, 1_000).unref();
  return () => {
    clearInterval(timer);
    stop();
    summarise();
  };
}

interface Line {
  readonly level: 'debug' | 'info' | 'warn';
  readonly message: string;
}

function describe(change: Change): Line {
  if (change.kind === 'delete') return gone[change.reason];
  if (change.cause === 'registered' && change.before !== undefined) return { level: 'info', message: 'Service registered again' };
  return came[change.cause];
}

const gone = {
  deregistered: { level: 'info', message: 'Service deregistered' },
  expired: { level: 'warn', message: 'Service expired' },
  replaced: { level: 'info', message: 'Service replaced' },
} as const satisfies Record<Extract<Change, { kind: 'delete' }>['reason'], Line>;

const came = {
  registered: { level: 'info', message: 'Service registered' },
  updated: { level: 'debug', message: 'Service updated' },
  renewed: { level: 'info', message: 'Service is heard again' },
  late: { level: 'warn', message: 'Service is late' },
  held: { level: 'warn', message: 'Service is late, held by the mass-expiry guard' },
  released: { level: 'info', message: 'Service is no longer held by the mass-expiry guard' },
  revived: { level: 'info', message: 'Service revived by a heartbeat' },
  check: { level: 'info', message: 'Service changed its health' },
  intent: { level: 'info', message: "Operator's intent changed" },
} as const satisfies Record<Extract<Change, { kind: 'put' }>['cause'], Line>;

function fieldsOf({ kind, record, revision }: Change, registry: Registry): object {
  const fields = { service_id: record.id, service_name: record.service, dialect: record.dialect, revision };
  const view = kind === 'put' ? registry.instance(record.id) : undefined;
  if (view === undefined) return fields;
  const { status, intent, checks } = view;
  const outputs = checks.flatMap(({ lastOutput }) => (lastOutput === undefined ? [] : [lastOutput]));
  return { ...fields, status, ...(intent === 'serving' ? {} : { intent }), ...(outputs.length > 0 ? { checks: outputs } : {}) };
}
