/**
 * What the registry knows of an instance, in the words used everywhere else.
 *
 * An `InstanceRecord` is what was registered and is durable. Its *standing* (lease late or not, state of each check) and
 * the operator's *intent* lie beside it, and its status is derived from all three in `status.ts` and nowhere else.
 *
 * Times: `…AtMs` is wall-clock milliseconds since 1970, for display only; `…Ms` is a duration in milliseconds.
 */

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** Names one instance. Unique over all dialects; belongs to the dialect that created it. */
export type InstanceId = Branded<string, 'InstanceId'>;
/** Position of a change within one history; grows by one with every command that changed something. */
export type Revision = Branded<number, 'Revision'>;
/** Names a line of revisions; a new one begins after a restore or an import. */
export type HistoryId = Branded<string, 'HistoryId'>;
/** Where a store keeps an instance: an integer that grows with each new instance and is never used again. */
export type Row = Branded<number, 'Row'>;

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** Where an instance is reached. `host` is stored as registered (`0.0.0.0` and `localhost` mean this machine). */
export interface Address {
  /** `http`, `https`, `grpc`, `tcp`, …: lower case, without `://`. */
  readonly scheme: string;
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  readonly host: string;
  /** 0 to 65535. */
  readonly port: number;
  /** Empty, or begins with `/` and does not end with one. */
  readonly path: string;
}

export interface LeaseSpec {
  /** Without a renewal for this long the instance is late. At least 1,000. */
  readonly ttlMs: number;
  /** Without a renewal for this long it is removed. At least `ttlMs`. */
  readonly removeAfterMs: number;
  /** `check`: a passing check renews the lease too, until the instance's first own heartbeat (clients that never send one). */
  readonly renewedBy: 'heartbeat' | 'check';
  /** A heartbeat within 24 h after expiry (not after deregistration) registers it again as it was. */
  readonly revivable: boolean;
}

interface CheckTiming {
  /** Unique within the instance. */
  readonly name: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Passes in a row that turn failing into passing. */
  readonly rise: number;
  /** Failures in a row that turn passing or unknown into failing. */
  readonly fall: number;
  /** Whether failing takes the instance out of discovery, or only informs. */
  readonly gates: boolean;
}

/** A check goes to the instance's own host; `port` is the instance's own unless given. */
export type CheckSpec = CheckTiming &
  (
    | {
        readonly kind: 'http';
        readonly path: string;
        readonly port?: number /** Absolute; instead of host, port and path. */;
        readonly url?: string;
      }
    | { readonly kind: 'tcp'; readonly port?: number }
    | {
        readonly kind: 'grpc';
        readonly port?: number /** The name asked for; empty is the server as a whole. */;
        readonly service?: string;
      }
    | { readonly kind: 'reported' }
  );

export type CheckState = 'unknown' | 'passing' | 'failing';

/** What was registered: durable, immutable, replaced as a whole. */
export interface InstanceRecord {
  readonly id: InstanceId;
  readonly service: string;
  /** The dialect it came by; only that dialect replaces it. */
  readonly dialect: string;
  /** The name of the host it runs on, where the client told it. */
  readonly node?: string;
  readonly address: Address;
  /** The URL as the client wrote it, where that is not what `address` renders to. */
  readonly url?: string;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  /** Not negative; 0 takes no new requests. */
  readonly weight: number;
  readonly zone?: string;
  /** Ids of the models it serves. */
  readonly models: readonly string[];
  /** What the instance says of itself; everything but `running` keeps it out of discovery. */
  readonly declaredStatus: string;
  readonly lease: LeaseSpec;
  /** At most 8. */
  readonly checks: readonly CheckSpec[];
  readonly registeredAtMs: number;
  /** Moves with the record, not with its derived status. */
  readonly revision: Revision;
}

/** A record before the registry has accepted it. */
export type InstanceDraft = Omit<InstanceRecord, 'revision' | 'registeredAtMs'>;

/** What an operator wants of an instance. It outlives the registration. */
export type IntentKind = 'serving' | 'draining' | 'maintenance';

/** An intent binds to one id, or to whatever a service registers at one address. */
export type IntentTarget =
  | { readonly kind: 'instance'; readonly id: InstanceId }
  | { readonly kind: 'address'; readonly service: string; readonly host: string; readonly port: number };

export interface Intent {
  readonly target: IntentTarget;
  readonly intent: IntentKind;
  readonly reason?: string;
  readonly setAtMs: number;
}

/** Derived, in `status.ts`. */
export type InstanceStatus = 'up' | 'late' | 'failing' | 'draining' | 'maintenance' | 'stopped';

/** An instance at one moment, whatever dialect it came by. Plain and immutable. */
export interface InstanceView {
  readonly record: InstanceRecord;
  /** For work that waits: a reference that goes stale when the instance goes or is replaced. */
  readonly ref: InstanceRef;
  readonly status: InstanceStatus;
  readonly discoverable: boolean;
  readonly intent: IntentKind;
  readonly intentReason?: string;
  readonly lastHeartbeatAtMs: number;
  /** Not heard yet since the registry started. */
  readonly inGrace: boolean;
  /** Late, but kept in discovery by the mass-expiry guard. */
  readonly held: boolean;
  readonly checks: readonly CheckView[];
}

export interface CheckView {
  readonly spec: CheckSpec;
  readonly state: CheckState;
  /** A category and a status code, such as `http 503` or `refused`; never text from the host. */
  readonly lastOutput?: string;
}

/** A slot of the catalog and its generation: what was meant is gone when the generation has moved. */
export interface InstanceRef {
  readonly slot: number;
  readonly generation: number;
}
