/** What the operator commands print: the native API's answers as tables. */
import type { Instance, ServiceSummary, Status } from '@rollcall/protocol';
import { duration, harmless, paintStatus, table, useColours } from '../terminal.ts';

export function servicesText(services: readonly ServiceSummary[]): string {
  if (services.length === 0) return 'No service is registered.\n';
  const rows = services.map((each) => [each.service, String(each.instances), String(each.discoverable), String(each.revision)]);
  return table(['SERVICE', 'INSTANCES', 'DISCOVERABLE', 'REVISION'], rows);
}

export function statusText(status: Status): string {
  const { store, counts } = status;
  const rows: string[][] = [
    ['version', status.version],
    ['replica', status.replica],
    ['up for', duration(status.uptimeMs)],
    ['store', `${store.kind}, ${store.writable ? 'writable' : `NOT WRITABLE: ${store.reason ?? 'no reason known'}`}`],
    ['history', status.history],
    ['revision', String(status.revision)],
    ['services', String(counts.services)],
    [
      'instances',
      `${counts.instances} (${counts.discoverable} discoverable, ${counts.late} late, ${counts.inGrace} not heard yet since the start)`,
    ],
    ['intents', String(counts.intents)],
    ['expired', `${counts.expired} since the start (${counts.revived} came back)`],
  ];
  if (status.staleMs > 0) rows.push(['stale for', duration(status.staleMs)]);
  if (status.stalledMs > 0) rows.push(['stalled', `${duration(status.stalledMs)} since the start`]);
  if (status.guarded.length > 0)
    rows.push(['guarded', `${status.guarded.join(', ')} (${counts.held} instances held by the mass-expiry guard)`]);
  for (const notice of store.notices) rows.push(['notice', notice]);
  return pairs(rows);
}

export function instancesText(instances: readonly Instance[], service: string | undefined): string {
  if (instances.length === 0) return service === undefined ? 'No instance is registered.\n' : `${harmless(service)} has no instance.\n`;
  const colours = useColours(process.stdout, process.env);
  const rows = instances.map((each) => [
    each.id,
    each.service,
    each.url,
    each.status,
    ago(each.lease.lastHeartbeatAt, each.lease.inGrace === true),
    each.dialect,
  ]);
  const paint = [undefined, undefined, undefined, (status: string) => paintStatus(status, colours)];
  return table(['ID', 'SERVICE', 'URL', 'STATUS', 'HEARD', 'DIALECT'], rows, paint);
}

export function instanceText(instance: Instance): string {
  const { lease, intentReason } = instance;
  const list = (items: readonly string[]): string => (items.length === 0 ? '-' : items.join(', '));
  const rows: string[][] = [
    ['id', instance.id],
    ['service', instance.service],
    ['url', instance.url],
    ['status', `${instance.status}${instance.discoverable ? '' : ' (not in discovery answers)'}`],
    ['intent', `${instance.intent}${intentReason === undefined ? '' : `: ${intentReason}`}`],
    ['declared', instance.declaredStatus],
    ['heard', ago(lease.lastHeartbeatAt, lease.inGrace === true)],
    ['lease', `late after ${duration(lease.ttlMs)}, removed after ${duration(lease.removeAfterMs)}${lease.held === true ? ', held' : ''}`],
    ...instance.checks.map((check) => [
      `check ${check.name}`,
      `${check.kind} ${check.state}${check.lastOutput === undefined ? '' : ` (${check.lastOutput})`}, every ${duration(check.intervalMs)}${check.gates ? '' : ', only informs'}`,
    ]),
    ['node', instance.node ?? '-'],
    ['zone', instance.zone ?? '-'],
    ['weight', String(instance.weight)],
    ['tags', list(instance.tags)],
    ['models', list(instance.models)],
    ['metadata', JSON.stringify(instance.metadata)],
    ['dialect', instance.dialect],
    ['registered', instance.registeredAt],
    ['revision', String(instance.revision)],
  ];
  return pairs(rows);
}

function ago(timestamp: string, inGrace: boolean): string {
  return inGrace ? 'not since the start' : `${duration(Math.max(Date.now() - Date.parse(timestamp), 0))} ago`;
}

/** Two columns without headings. */
function pairs(rows: readonly (readonly string[])[]): string {
  const [first = [], ...rest] = rows;
  return table(first, rest);
}
