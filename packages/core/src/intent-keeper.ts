/**
 * Decides which intents have outlived their instance for too long, or are too many, and are dropped.
 *
 * An intent is loose while nothing is registered that it would meet. It is dropped when it has been loose for
 * `INTENT_OUTLIVES_MS` of wall time, as far as this process has seen (a restart begins to count anew), or when there are
 * more than `looseIntents` of them: then the oldest go, at once where an intent is set, else within a minute.
 * Bound: looks once a minute and once a batch that sets intents past the bound, O(intents + instances of their services).
 */
import type { Catalog } from './catalog.ts';
import { addressKey } from './checked-index.ts';
import type { Clock } from './clock.ts';
import { type IntentTable, targetKey } from './intents.ts';
import { INTENT_OUTLIVES_MS, REMEMBER_MS } from './limits.ts';
import type { Intent } from './model.ts';
import type { Remembered } from './remembered.ts';

const LOOK_EVERY_MS = 60_000;

export interface IntentKeeper {
  /** Begins a batch: returns what takes each intent that the batch sets, and says which others must go for it. */
  begin(): (set: Intent) => Intent[];
  /** Once a minute, when something is to be forgotten: the intents that have been loose for too long, or are too many. */
  due(remembered: Remembered): Intent[] | undefined;
}

export interface IntentKeeperOptions {
  readonly catalog: Catalog;
  readonly intents: IntentTable;
  readonly clock: Clock;
  /** See `countLimits.looseIntents`. */
  readonly maxLoose: number;
}

export function createIntentKeeper({ catalog, intents, clock, maxLoose }: IntentKeeperOptions): IntentKeeper {
  const metAtMs = new Map<string, number>();
  let lookedAtMs = clock.monotonicMs();

  /** Says of each intent whether it is loose; reads a service once, however many intents are for its addresses. */
  function looseness(): (intent: Intent) => boolean {
    const addresses = new Map<string, Set<string>>();

    function addressesOf(service: string): Set<string> {
      let known = addresses.get(service);
      if (known === undefined) {
        const members = catalog.services.get(service)?.members ?? [];
        addresses.set(service, (known = new Set(members.map((slot) => addressKey(service, catalog.recordAt(slot).address)))));
      }
      return known;
    }

    return ({ target }) => {
      if (target.kind === 'instance') return catalog.slotOf(target.id) === undefined;
      return !addressesOf(target.service).has(addressKey(target.service, target));
    };
  }

  function toBeDropped(nowMs: number): Intent[] {
    const isLoose = looseness();
    const loose: Intent[] = [];
    const known = new Set<string>();
    for (const intent of intents.all()) {
      const key = targetKey(intent.target);
      known.add(key);
      if (isLoose(intent)) loose.push(intent);
      if (loose.at(-1) !== intent || !metAtMs.has(key)) metAtMs.set(key, nowMs);
    }
    for (const key of metAtMs.keys()) if (!known.has(key)) metAtMs.delete(key);
    const tooMany = loose.length - maxLoose;
    return loose.filter(({ target }, index) => index < tooMany || nowMs - (metAtMs.get(targetKey(target)) ?? nowMs) > INTENT_OUTLIVES_MS);
  }

  return {
    begin() {
      const isLoose = looseness();
      let set: Intent[] = [];
      let loose: Map<string, Intent> | undefined;
      return (intent) => {
        set.push(intent);
        if (loose === undefined && intents.size + set.length <= maxLoose) return [];
        loose ??= new Map([...intents.all()].filter(isLoose).map((each) => [targetKey(each.target), each]));
        for (const each of set) {
          loose.delete(targetKey(each.target));
          if (each.intent !== 'serving' && isLoose(each)) loose.set(targetKey(each.target), each);
        }
        set = [];
        const dropped = [...loose.values()].slice(0, Math.max(loose.size - maxLoose, 0));
        for (const each of dropped) loose.delete(targetKey(each.target));
        return dropped;
      };
    },
    due(remembered) {
      if (clock.monotonicMs() - lookedAtMs < LOOK_EVERY_MS) return undefined;
      lookedAtMs = clock.monotonicMs();
      const dropped = toBeDropped(clock.wallMs());
      const oldest = remembered.oldestFirst().next();
      const stale = oldest.done !== true && clock.wallMs() - oldest.value.goneAtMs > REMEMBER_MS;
      return dropped.length > 0 || stale ? dropped : undefined;
    },
  };
}
