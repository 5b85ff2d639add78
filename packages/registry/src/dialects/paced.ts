/**
 * Walking a long list without holding up the event loop: after each slice everything else that waits gets its turn.
 *
 * Bound: `SLICE` items at a stretch, a few milliseconds for what dialects do with one. The list may change between two
 * slices; what is passed on is each item as it is when its turn comes.
 */
import { setImmediate } from 'node:timers/promises';

/** Items at a stretch. */
export const SLICE = 1_000;

export async function forEachPaced<T>(items: Iterable<T>, visit: (item: T) => void): Promise<void> {
  let left = SLICE;
  for (const item of items) {
    visit(item);
    left -= 1;
    if (left > 0) continue;
    left = SLICE;
    await setImmediate();
  }
}
