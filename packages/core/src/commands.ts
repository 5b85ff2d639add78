/**
 * What can be asked of the registry, and what it can answer. Every command is decided by `decide.ts`, in order, when its
 * batch is sealed; the answer comes when the batch is durable.
 */
import type { CheckState, InstanceDraft, InstanceId, InstanceRecord, InstanceRef, Intent, IntentKind, IntentTarget } from './model.ts';

export type Command =
  /** A new instance, or a replacement of the one with this id (same dialect only). With `identical: 'keep'`, one that is registered just so stays untouched. */
  | { readonly kind: 'register'; readonly draft: InstanceDraft; readonly identical: 'replace' | 'keep' }
  /** Changes some fields; with `ifRevision`, only if the record has not moved. Counts as a heartbeat where `renews` says so. */
  | {
      readonly kind: 'update';
      readonly id: InstanceId;
      readonly patch: InstancePatch;
      readonly ifRevision?: number;
      readonly renews: boolean;
    }
  /** Removes it for good: it will not be revived. */
  | { readonly kind: 'deregister'; readonly id: InstanceId }
  | { readonly kind: 'intent'; readonly target: IntentTarget; readonly intent: IntentKind; readonly reason?: string }
  /** A heartbeat that changes something: a late one comes back, an expired one is revived, a declared status moves. */
  | { readonly kind: 'heartbeat'; readonly id: InstanceId; readonly declaredStatus?: string; readonly by: 'client' | 'check' }
  /** From inside: leases that ran out, marked in one tick and decided in a later one. */
  | { readonly kind: 'lapse'; readonly refs: readonly InstanceRef[] }
  /** From inside: a check changed its state. */
  | { readonly kind: 'check'; readonly ref: InstanceRef; readonly check: number; readonly state: CheckState }
  /** From inside: lapsed, but kept in discovery by the mass-expiry guard. */
  | { readonly kind: 'hold'; readonly refs: readonly InstanceRef[] }
  /** From inside: drops expired instances whose time to be remembered is over, and these intents unless they were set anew. */
  | { readonly kind: 'forget'; readonly intents: readonly Intent[] };

/** Fields to replace, each as a whole. */
export type InstancePatch = Partial<
  Pick<InstanceRecord, 'address' | 'url' | 'node' | 'tags' | 'metadata' | 'weight' | 'models' | 'declaredStatus' | 'checks'>
>;

export type Outcome =
  | { readonly kind: 'registered'; readonly id: InstanceId; readonly created: boolean }
  | { readonly kind: 'done' }
  | { readonly kind: 'rejected'; readonly error: RegistryError };

/** Expected refusals, each with a stable code; dialects map every code to a status of theirs. */
export type RegistryError =
  | { readonly code: 'unknown-instance'; readonly id: string }
  | { readonly code: 'other-dialect'; readonly id: string; readonly dialect: string }
  | { readonly code: 'revision-moved'; readonly id: string; readonly revision: number }
  /** A declared limit is reached; `limit` names it. */
  | { readonly code: 'limit-reached'; readonly limit: string; readonly max: number }
  /** Nothing happened. */
  | { readonly code: 'unavailable'; readonly reason: string }
  /** It may have happened; repeating is safe. */
  | { readonly code: 'outcome-unknown'; readonly reason: string };
