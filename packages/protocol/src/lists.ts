/**
 * Lists and how they are paged: in the order of the key, at most `limit` entries a page, `nextCursor` while there is more.
 *
 * An entry that is there from the first page to the last is listed exactly once, whatever changes meanwhile and whichever
 * replica answers. `revision` is the view's when the page was begun.
 */
import { Type, type Static } from 'typebox';
import type { Immutable } from './immutable.ts';
import { InstanceSchema, InstanceStatusSchema } from './instance.ts';

/** Entries a page where the request does not say. */
export const DEFAULT_PAGE = 1_000;
/** Entries a page at most. */
export const MAX_PAGE = 10_000;

const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: MAX_PAGE })),
  cursor: Type.Optional(Type.String({ maxLength: 2_048 })),
};

/** Filters combine. */
export const InstanceQuerySchema = Type.Object({
  service: Type.Optional(Type.String()),
  status: Type.Optional(InstanceStatusSchema),
  tag: Type.Optional(Type.String()),
  zone: Type.Optional(Type.String()),
  model: Type.Optional(Type.String()),
  ...PageQuery,
});
export type InstanceQuery = Immutable<Static<typeof InstanceQuerySchema>>;

export const ServiceQuerySchema = Type.Object(PageQuery);
export type ServiceQuery = Immutable<Static<typeof ServiceQuerySchema>>;

const PageAnswer = {
  revision: Type.Integer({ minimum: 0 }),
  nextCursor: Type.Optional(Type.String()),
};

export const InstanceListSchema = Type.Object({ instances: Type.Array(InstanceSchema), ...PageAnswer });
export type InstanceList = Immutable<Static<typeof InstanceListSchema>>;

export const ServiceSummarySchema = Type.Object({
  service: Type.String(),
  instances: Type.Integer({ minimum: 0 }),
  discoverable: Type.Integer({ minimum: 0 }),
  /** Of the service's last change. */
  revision: Type.Integer({ minimum: 0 }),
});
export type ServiceSummary = Immutable<Static<typeof ServiceSummarySchema>>;

export const ServiceListSchema = Type.Object({ services: Type.Array(ServiceSummarySchema), ...PageAnswer });
export type ServiceList = Immutable<Static<typeof ServiceListSchema>>;
