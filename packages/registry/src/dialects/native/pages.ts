/**
 * Pages in the order of a key, so that an entry that is there from the first page to the last is listed exactly once.
 *
 * A page looks at every entry in slices that leave the event loop free, and keeps the `limit` smallest keys after the cursor:
 * O(n) time, O(limit) memory. The order is that of UTF-16 code units.
 */
import { forEachPaced } from '../paced.ts';

export interface PageRequest {
  readonly limit: number;
  /** The key of the last entry of the page before; empty begins. */
  readonly after: string;
}

export interface Page<T> {
  readonly entries: readonly T[];
  /** The key to go on after; undefined on the last page. */
  readonly next?: string;
}

interface Keyed<T> {
  readonly key: string;
  readonly entry: T;
}

/** `keyOf` gives undefined for an entry that is not asked for; keys are not empty and unique. */
export async function pageOf<T>(
  all: Iterable<T>,
  keyOf: (entry: T) => string | undefined,
  { limit, after }: PageRequest,
): Promise<Page<T>> {
  let kept: Keyed<T>[] = [];
  let beyond: string | undefined;
  // One more than asked for tells whether there is a next page.
  const wanted = limit + 1;

  function prune(): void {
    kept.sort(({ key: a }, { key: b }) => (a < b ? -1 : Number(a > b)));
    // One that left and came back between two slices was met twice; the later counts.
    kept = kept.filter(({ key }, index) => key !== kept[index + 1]?.key).slice(0, wanted);
    if (kept.length === wanted) beyond = kept.at(-1)?.key;
  }

  await forEachPaced(all, (entry) => {
    const key = keyOf(entry);
    if (key === undefined || key <= after || (beyond !== undefined && key >= beyond)) return;
    kept.push({ key, entry });
    if (kept.length >= 2 * wanted) prune();
  });
  prune();

  const page = kept.slice(0, limit);
  const next = kept.length > limit ? page.at(-1)?.key : undefined;
  return { entries: page.map(({ entry }) => entry), ...(next === undefined ? {} : { next }) };
}

export function encodeCursor(key: string): string {
  return Buffer.from(key, 'utf8').toString('base64url');
}

/** Undefined for what `encodeCursor` cannot have given. */
export function decodeCursor(cursor: string): string | undefined {
  const key = Buffer.from(cursor, 'base64url').toString('utf8');
  return encodeCursor(key) === cursor ? key : undefined;
}
