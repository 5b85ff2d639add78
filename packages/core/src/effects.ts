/**
 * What a decision leads to: the steps that are stored, then applied to the catalog, then told to listeners. Decisions
 * produce them (`decide.ts`), `storeChange` says how each is stored, `apply.ts` how each changes the catalog.
 */
import type { InstanceId, InstanceRecord, Intent, Row } from './model.ts';
import type { DeleteReason, PutCause } from './registry.ts';
import type { StoreChange } from './store.ts';

export type Effect =
  | {
      readonly kind: 'put';
      readonly cause: PutCause;
      readonly row: Row;
      readonly record: InstanceRecord;
      readonly standing: number;
      /** The lease begins anew. */
      readonly renews: boolean;
    }
  /** The record stays as it is. */
  | {
      readonly kind: 'standing';
      readonly cause: PutCause;
      readonly row: Row;
      readonly id: InstanceId;
      readonly standing: number;
      readonly renews: boolean;
    }
  /** Kept in discovery by the guard, although late. */
  | { readonly kind: 'hold'; readonly row: Row; readonly id: InstanceId; readonly standing: number }
  | {
      readonly kind: 'delete';
      readonly reason: DeleteReason;
      readonly row: Row;
      readonly id: InstanceId;
      readonly standing: number;
      /** Wall time of expiry when it is remembered in case it comes back, else 0. */
      readonly goneAtMs: number;
    }
  | { readonly kind: 'forget'; readonly row: Row; readonly id: InstanceId }
  | { readonly kind: 'intent'; readonly intent: Intent }
  /** Only the lease moves: not stored, no revision. */
  | { readonly kind: 'renew'; readonly id: InstanceId };

/** How an effect is stored; undefined for one that is not. */
export function storeChange(effect: Effect): StoreChange | undefined {
  switch (effect.kind) {
    case 'put':
      return { kind: 'put', row: effect.row, record: effect.record, standing: effect.standing, goneAtMs: 0 };
    case 'standing':
    case 'hold':
      return { kind: 'standing', row: effect.row, standing: effect.standing, goneAtMs: 0 };
    case 'delete':
      return effect.goneAtMs === 0
        ? { kind: 'delete', row: effect.row }
        : { kind: 'standing', row: effect.row, standing: effect.standing, goneAtMs: effect.goneAtMs };
    case 'forget':
      return { kind: 'delete', row: effect.row };
    case 'intent':
      return { kind: 'intent', intent: effect.intent };
    case 'renew':
      return undefined;
  }
}
