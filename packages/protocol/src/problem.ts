/**
 * Errors of the native API: RFC 9457, with a `code` that programs may rely on. Texts may change, codes do not.
 */
import { Type, type Static } from 'typebox';
import type { Immutable } from './immutable.ts';

export const PROBLEM_TYPE = 'application/problem+json';

export const ProblemCodeSchema = Type.Union([
  /** The request breaks a schema; `errors` names each field. */
  Type.Literal('invalid'),
  Type.Literal('invalid-json'),
  Type.Literal('too-large'),
  /** The request did not arrive in time. */
  Type.Literal('timeout'),
  Type.Literal('not-found'),
  Type.Literal('method-not-allowed'),
  Type.Literal('unknown-instance'),
  /** The id belongs to an instance of another dialect. */
  Type.Literal('other-dialect'),
  /** The instance changed since it was read. */
  Type.Literal('revision-moved'),
  Type.Literal('limit-reached'),
  /** Nothing happened; try again. */
  Type.Literal('unavailable'),
  /** It may have happened; repeating is safe. */
  Type.Literal('outcome-unknown'),
  /** The store cannot write a copy of itself. */
  Type.Literal('no-backup'),
  Type.Literal('backup-running'),
  Type.Literal('not-ready'),
  Type.Literal('internal'),
]);
export type ProblemCode = Static<typeof ProblemCodeSchema>;

export const ProblemSchema = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer({ minimum: 400, maximum: 599 }),
  detail: Type.String(),
  code: ProblemCodeSchema,
  errors: Type.Optional(Type.Array(Type.Object({ path: Type.String(), message: Type.String() }))),
});
export type Problem = Immutable<Static<typeof ProblemSchema>>;
