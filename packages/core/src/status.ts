/**
 * Where status is derived, and the one predicate of who is in discovery answers. Every dialect, the router and DNS use
 * what this file says.
 *
 * An operator's intent comes first, then what the instance says of itself, then its lease, then its checks.
 */
import type { InstanceRecord, InstanceStatus, IntentKind } from './model.ts';
import { hasFailingGate, isLate } from './standing.ts';

/** The lease at this moment, ahead of what is stored: `lapsed` has run out and is not decided yet, `held` is kept by a guard. */
export type LeaseNow = 'running' | 'lapsed' | 'held';

export function deriveStatus(record: InstanceRecord, standing: number, intent: IntentKind, lease: LeaseNow): InstanceStatus {
  if (intent !== 'serving') return intent;
  if (record.declaredStatus !== 'running') return 'stopped';
  if (isLate(standing) || lease !== 'running') return 'late';
  return hasFailingGate(record, standing) ? 'failing' : 'up';
}

export function isDiscoverable(record: InstanceRecord, standing: number, intent: IntentKind, lease: LeaseNow): boolean {
  if (intent !== 'serving' || record.declaredStatus !== 'running' || hasFailingGate(record, standing)) return false;
  return lease === 'held' || (lease === 'running' && !isLate(standing));
}
