/** Setting an operator's intent. It outlives the registration: restarts, replacements, and an expiry by 7 days. Answered with the instance. */
import { Type, type Static } from 'typebox';
import type { Immutable } from './immutable.ts';
import { IntentKindSchema } from './instance.ts';

export const IntentRequestSchema = Type.Object({
  intent: IntentKindSchema,
  /** For people: why. */
  reason: Type.Optional(Type.String({ maxLength: 255 })),
  /** It belongs to (service, address) instead of the id, and meets a new registration there too. */
  byAddress: Type.Optional(Type.Boolean()),
});
export type IntentRequest = Immutable<Static<typeof IntentRequestSchema>>;
