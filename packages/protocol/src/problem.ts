/**
 * Errors of the native API: RFC 9457, with a `code` that programs may rely on. Texts may change, codes do not.
 */
import { Type, type Static } from 'typebox';
import type { Immutable } from './immutable.ts';

export const ProblemCodeSchema = Type.Enum([
  /** The request breaks a schema; `errors` names each field. */
  'invalid',
  /** Not HTTP/1.1, or a path that is not percent-encoded UTF-8. */
  'bad-request',
  'invalid-json',
  'too-large',
  'path-too-long',
  'headers-too-large',
  /** The request did not arrive in time. */
  'timeout',
  'not-found',
  'method-not-allowed',
  'unknown-instance',
  /** The id belongs to an instance of another dialect. */
  'other-dialect',
  /** The instance changed since it was read. */
  'revision-moved',
  'limit-reached',
  /** Nothing happened; try again. */
  'unavailable',
  /** It may have happened; repeating is safe. */
  'outcome-unknown',
  /** The store cannot write a copy of itself. */
  'no-backup',
  'backup-running',
  'not-ready',
  'internal',
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
