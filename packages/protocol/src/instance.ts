/**
 * An instance as the native API shows it: camelCase, durations in `…Ms`, times as RFC 3339 in UTC.
 *
 * The schemas are the only source: types, validation and OpenAPI come from them.
 */
import { Type, type Static } from 'typebox';
import type { Immutable } from './immutable.ts';

/** RFC 3339 in UTC, with milliseconds. */
export const TimestampSchema = Type.String({ format: 'date-time' });

/** Derived from lease, checks and intent; never set by a client. */
export const InstanceStatusSchema = Type.Enum(['up', 'late', 'failing', 'draining', 'maintenance', 'stopped']);
export type InstanceStatus = Static<typeof InstanceStatusSchema>;

/** What an operator wants of an instance. */
export const IntentKindSchema = Type.Enum(['serving', 'draining', 'maintenance']);
export type IntentKind = Static<typeof IntentKindSchema>;

export const AddressSchema = Type.Object({
  scheme: Type.String(),
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  host: Type.String(),
  port: Type.Integer({ minimum: 0, maximum: 65_535 }),
  /** Empty, or begins with `/` and does not end with one. */
  path: Type.String(),
});

export const LeaseSchema = Type.Object({
  ttlMs: Type.Integer({ minimum: 1_000 }),
  removeAfterMs: Type.Integer({ minimum: 1_000 }),
  lastHeartbeatAt: TimestampSchema,
  /** Present and true: not heard yet since the registry started. */
  inGrace: Type.Optional(Type.Literal(true)),
  /** Present and true: late, but kept in discovery by the mass-expiry guard. */
  held: Type.Optional(Type.Literal(true)),
});

export const CheckSchema = Type.Object({
  name: Type.String(),
  kind: Type.Enum(['http', 'tcp', 'grpc', 'reported']),
  path: Type.Optional(Type.String()),
  /** Of the instance's own host; its own port unless given. */
  port: Type.Optional(Type.Integer({ minimum: 0, maximum: 65_535 })),
  /** Absolute; instead of host, port and path. */
  url: Type.Optional(Type.String()),
  intervalMs: Type.Integer(),
  timeoutMs: Type.Integer(),
  rise: Type.Integer(),
  fall: Type.Integer(),
  /** Whether failing takes the instance out of discovery, or only informs. */
  gates: Type.Boolean(),
  state: Type.Enum(['unknown', 'passing', 'failing']),
  /** A category and a status code, never text from the host. */
  lastOutput: Type.Optional(Type.String()),
});
export type Check = Immutable<Static<typeof CheckSchema>>;

export const InstanceSchema = Type.Object({
  id: Type.String(),
  service: Type.String(),
  node: Type.Optional(Type.String()),
  address: AddressSchema,
  url: Type.String(),
  tags: Type.Array(Type.String()),
  metadata: Type.Record(Type.String(), Type.Unknown()),
  weight: Type.Number({ minimum: 0 }),
  zone: Type.Optional(Type.String()),
  models: Type.Array(Type.String()),
  declaredStatus: Type.String(),
  intent: IntentKindSchema,
  intentReason: Type.Optional(Type.String()),
  status: InstanceStatusSchema,
  discoverable: Type.Boolean(),
  lease: LeaseSchema,
  checks: Type.Array(CheckSchema),
  dialect: Type.String(),
  registeredAt: TimestampSchema,
  revision: Type.Integer({ minimum: 0 }),
});
export type Instance = Immutable<Static<typeof InstanceSchema>>;
