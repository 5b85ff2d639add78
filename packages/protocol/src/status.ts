/** How the registry itself is: for operators, for `rollcall status`, and for clients that want to know whom they talk to. */
import { Type, type Static } from 'typebox';
import type { Immutable } from './immutable.ts';

const Count = Type.Integer({ minimum: 0 });

export const StatusSchema = Type.Object({
  /** Which of several replicas answers; a registry alone is `single`. */
  replica: Type.String(),
  version: Type.String(),
  store: Type.Object({
    kind: Type.String(),
    writable: Type.Boolean(),
    /** Why it is not writable. */
    reason: Type.Optional(Type.String()),
    /** Damage found at the opening, in one line each. */
    notices: Type.Array(Type.String()),
  }),
  /** Revisions compare only within one history. */
  history: Type.String(),
  revision: Count,
  /** How old the view may be; 0 where the view is the truth. */
  staleMs: Count,
  /** Services under the mass-expiry guard, most recent first, at most 100; `*` is all of them. */
  guarded: Type.Array(Type.String()),
  /** Time that the lease clock left out because the process had stalled. */
  stalledMs: Type.Number({ minimum: 0 }),
  uptimeMs: Count,
  counts: Type.Object({
    services: Count,
    instances: Count,
    discoverable: Count,
    late: Count,
    held: Count,
    inGrace: Count,
    /** Expired, remembered in case a heartbeat comes. */
    remembered: Count,
    intents: Count,
    /** Since the start. */
    expired: Count,
    revived: Count,
  }),
});
export type Status = Immutable<Static<typeof StatusSchema>>;

export const ReadySchema = Type.Object({ status: Type.Literal('ready') });
export type Ready = Immutable<Static<typeof ReadySchema>>;
