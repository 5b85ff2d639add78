/**
 * The registry: one catalog, one writer, changes one way.
 *
 * Commands queue undecided. When the batch before has been applied, the queue is decided in order against the catalog and
 * the batch's own changes, committed as one transaction, applied, and answered. Heartbeats move a deadline in memory and
 * go through the queue only when they change something. Reads come from memory and are filtered by deadline.
 *
 * Pure: the host passes in clock, store and reachability, and calls `tick` every `TICK_MS`.
 */
import type { Command, Outcome } from './commands.ts';
import type { Clock } from './clock.ts';
import type { CountLimits } from './limits.ts';
import type { Address, CheckState, HistoryId, InstanceId, InstanceRecord, InstanceRef, InstanceView, Intent, Revision } from './model.ts';
import type { Store } from './store.ts';

export interface Registry {
  /** Loads the store; commands and reads work from then on. Rejects with `StoreOpenError`. */
  open(): Promise<void>;
  /** Decides, commits and applies; resolves when durable, or with what was refused. Never rejects for an expected reason. */
  submit(command: Command): Promise<Outcome>;
  /**
   * Renews a lease. `true` at once in the common case, without a write; a promise when it changes something (see the
   * `heartbeat` command); `false` for an unknown id. A store that is down never fails the heartbeat of a known instance.
   */
  heartbeat(id: InstanceId, declaredStatus?: string): boolean | Promise<boolean>;
  /** What a probe, or the client of a `reported` check, saw. Ignored when `ref` is stale. O(1); writes only on a change of state. */
  observe(ref: InstanceRef, check: number, seen: Observation): void;
  /** Advances the lease clock and everything that waits for it. Called every `TICK_MS`. */
  tick(): void;
  /** Called with every applied batch, in order, before its commands are answered. Returns the way to stop. Listeners must not throw. */
  subscribe(listener: (changes: readonly Change[]) => void): () => void;
  /** Lets the batch in flight end, refuses the rest, closes the store. Idempotent. */
  close(): Promise<void>;

  /** One instance, also one that is late. */
  instance(id: InstanceId): InstanceView | undefined;
  /** One service; undefined while nothing is registered under that name. */
  service(name: string): Service | undefined;
  services(): IterableIterator<Service>;
  /** Every instance, in no promised order. Lazy, over the catalog as it is when asked for the next. */
  instances(): IterableIterator<InstanceView>;
  intents(): IterableIterator<Intent>;
  /** Moves with anything that an answer over all services shows. */
  readonly epoch: number;
  readonly counts: Counts;
  readonly state: RegistryState;
}

/** A service's instances. The object lives as long as the service has one. */
export interface Service {
  readonly name: string;
  /** Registered instances. */
  readonly size: number;
  readonly discoverable: number;
  /** Of the service's last committed change. */
  readonly revision: Revision;
  /** Moves with anything that an answer about this service shows, heartbeat times excepted. For caches. */
  readonly epoch: number;
  /** In the order of registration. O(n log n) after a change. */
  instances(): InstanceView[];
}

export interface Observation {
  readonly state: Exclude<CheckState, 'unknown'>;
  /** A category and a status code; see `CheckView`. */
  readonly output?: string;
}

export interface Counts {
  readonly services: number;
  readonly instances: number;
  readonly discoverable: number;
  readonly late: number;
  readonly held: number;
  readonly inGrace: number;
  /** Expired, remembered in case a heartbeat comes. */
  readonly remembered: number;
  readonly intents: number;
  /** Since the start. */
  readonly expired: number;
  readonly revived: number;
}

export interface RegistryState {
  readonly history: HistoryId;
  /** Of the last applied change. */
  readonly revision: Revision;
  readonly store:
    | { readonly kind: string; readonly writable: true }
    | { readonly kind: string; readonly writable: false; readonly reason: string };
  /** Services under the mass-expiry guard, most recent first, at most 100; `*` is all of them. */
  readonly guarded: readonly string[];
  /** Monotonic time that the lease clock left out because this process stalled, since the start. */
  readonly stalledMs: number;
  /** Damage found at the opening, in one line each. */
  readonly notices: readonly string[];
}

/** One thing that happened, after it became durable. Changes of one revision are neighbours. */
export type Change =
  | {
      readonly kind: 'put';
      readonly revision: Revision;
      readonly cause: PutCause;
      readonly ref: InstanceRef;
      readonly record: InstanceRecord;
      readonly before?: InstanceRecord;
    }
  | {
      readonly kind: 'delete';
      readonly revision: Revision;
      readonly reason: DeleteReason;
      readonly ref: InstanceRef;
      readonly record: InstanceRecord;
    };

export type PutCause = 'registered' | 'updated' | 'renewed' | 'late' | 'held' | 'released' | 'revived' | 'check' | 'intent';
export type DeleteReason = 'deregistered' | 'expired' | 'replaced';

export interface RegistryOptions {
  readonly store: Store;
  readonly clock: Clock;
  /**
   * Asks an address by one TCP connect whether something is there; bounded and spread by the host. Used by the
   * mass-expiry guard, once for each (host, port).
   */
  readonly reach: (address: Address) => Promise<Reachability>;
  readonly limits?: Partial<CountLimits>;
  /** What an operator should read: guards that came into force or ended, a store that failed or came back. */
  readonly announce?: (notice: Notice) => void;
  /** Called after each commit with its time in ms and its number of commands. */
  readonly onCommit?: (tookMs: number, commands: number) => void;
}

export type Reachability = 'refused' | 'accepted' | 'silent';

export type Notice =
  | { readonly kind: 'guard-began'; readonly scope: string; readonly lapsing: number; readonly alive: number }
  | { readonly kind: 'guard-ended'; readonly scope: string; readonly held: number; readonly refused: number }
  | { readonly kind: 'store-failed'; readonly reason: string }
  | { readonly kind: 'store-recovered' }
  | { readonly kind: 'stalled'; readonly stalledMs: number };
