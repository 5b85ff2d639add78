/**
 * The models of an `openai-api` registration, from its metadata: `models` (ids) and the ids of `models_list` (objects).
 *
 * The metadata itself stays as it was sent. Bound: ids that break a limit are left out, and so is what comes after 1,024.
 */
import type { JsonObject, JsonValue } from '@rollcall/core';
import { valueLimits } from '@rollcall/core';
import { isObject, NAME } from '../values.ts';

export function modelsOf(metadata: JsonObject): readonly string[] {
  if (metadata['type'] !== 'openai-api') return [];
  const ids = [...listed(metadata['models']), ...listed(metadata['models_list']).map(idOf)];
  return [...new Set(ids.filter(isModelId))].slice(0, valueLimits.models);
}

function listed(value: JsonValue | undefined): readonly JsonValue[] {
  return isList(value) ? value : [];
}

function idOf(entry: JsonValue): JsonValue | undefined {
  return isObject(entry) ? entry['id'] : undefined;
}

/** `Array.isArray` as a guard for lists that are read-only. */
function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function isModelId(id: JsonValue | undefined): id is string {
  return NAME.is(id);
}
