/**
 * Decides which intents have outlived their instance long enough to be dropped.
 *
 * An intent is loose while nothing is registered that it would meet. It is dropped when it has been loose for
 * `INTENT_OUTLIVES_MS` of wall time, as far as this process has seen: a restart begins to count anew.
 * Bound: looks once a minute, O(intents).
 */
import { addressKey, type Catalog } from './catalog.ts';
import type { Clock } from './clock.ts';
import { type IntentTable, targetKey } from './intents.ts';
import { INTENT_OUTLIVES_MS, REMEMBER_MS } from './limits.ts';
import type { Intent, IntentTarget } from './model.ts';
import type { Remembered } from './remembered.ts';

const LOOK_EVERY_MS = 60_000;

export interface IntentKeeper {
  /** The oldest intent whose instance is not there. */
  oldestLoose(): Intent | undefined;
  /** Once a minute, when something is to be forgotten: the intents that have been loose for too long. */
  due(remembered: Remembered): IntentTarget[] | undefined;
}

export function createIntentKeeper(catalog: Catalog, intents: IntentTable, clock: Clock): IntentKeeper {
  const metAtMs = new Map<string, number>();
  let lookedAtMs = clock.monotonicMs();

  function isLoose({ target }: Intent): boolean {
    if (target.kind === 'instance') return catalog.slotOf(target.id) === undefined;
    const key = `${target.service}\0${target.host}\0${target.port}`;
    const members = catalog.services.get(target.service)?.members ?? [];
    return !members.some((slot) => addressKey(catalog.recordAt(slot)) === key);
  }

  function overdue(nowMs: number): IntentTarget[] {
    const targets: IntentTarget[] = [];
    const known = new Set<string>();
    for (const intent of intents.all()) {
      const key = targetKey(intent.target);
      known.add(key);
      if (!isLoose(intent) || !metAtMs.has(key)) metAtMs.set(key, nowMs);
      else if (nowMs - (metAtMs.get(key) ?? nowMs) > INTENT_OUTLIVES_MS) targets.push(intent.target);
    }
    for (const key of metAtMs.keys()) if (!known.has(key)) metAtMs.delete(key);
    return targets;
  }

  return {
    oldestLoose() {
      for (const intent of intents.all()) if (isLoose(intent)) return intent;
      return undefined;
    },
    due(remembered) {
      if (clock.monotonicMs() - lookedAtMs < LOOK_EVERY_MS) return undefined;
      lookedAtMs = clock.monotonicMs();
      const targets = overdue(clock.wallMs());
      const oldest = remembered.oldestFirst().next().value;
      const stale = oldest !== undefined && clock.wallMs() - oldest.goneAtMs > REMEMBER_MS;
      return targets.length > 0 || stale ? targets : undefined;
    },
  };
}
