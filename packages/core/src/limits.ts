/**
 * Every bound on what the registry keeps, in one place. Dialects check sizes of single values when they decode
 * (`valueLimits`); the core checks counts when it decides (`countLimits`).
 */
export const valueLimits = {
  /** Names, ids, hosts, zones, tags, model ids: characters. */
  nameChars: 255,
  urlChars: 2_048,
  /** Metadata as compact JSON: characters. */
  metadataChars: 65_536,
  /** Objects and arrays inside one another, the outermost counted. */
  metadataDepth: 16,
  tags: 64,
  models: 1_024,
  checks: 8,
  /** The original infini registry's 32-bit weight. */
  weight: 4_294_967_295,
  minTtlMs: 1_000,
  maxTtlMs: 7 * 24 * 3_600_000,
  /** Request bodies, in bytes. */
  bodyBytes: 1_048_576,
} as const;

export interface CountLimits {
  readonly instances: number;
  /** Intents whose instance is not there; the oldest goes. */
  readonly looseIntents: number;
  /** Expired instances remembered in case a heartbeat comes; the oldest goes. */
  readonly remembered: number;
  /** Instances that live by checks alone at one (service, host, port); the oldest goes. */
  readonly checkedPerAddress: number;
}

export const countLimits: CountLimits = {
  instances: 2_000_000,
  looseIntents: 10_000,
  remembered: 10_000,
  checkedPerAddress: 8,
};

/** How long an expired instance is remembered, in wall-clock ms. */
export const REMEMBER_MS = 24 * 3_600_000;
/** How long an intent outlives its instance, in wall-clock ms. */
export const INTENT_OUTLIVES_MS = 7 * 24 * 3_600_000;
