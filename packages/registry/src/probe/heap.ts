/**
 * A binary heap whose members know their place in it, so that any of them can be taken out or moved.
 *
 * Plain functions over a plain array: a queue may keep one heap a host, and an empty array costs next to nothing.
 * Bound: O(log n) each; a member is in one heap at a time. Two heaps must not share a member.
 */
export interface Placed {
  /** Smallest first. Change it only through `moved`, or while in no heap. */
  key: number;
  /** Index in the heap, `NOWHERE` when in none. */
  place: number;
}

export const NOWHERE = -1;

export function push<T extends Placed>(heap: T[], item: T): void {
  heap.push(item);
  item.place = heap.length - 1;
  rise(heap, item);
}

export function pop<T extends Placed>(heap: T[]): T | undefined {
  const first = heap[0];
  if (first !== undefined) remove(heap, first);
  return first;
}

export function remove<T extends Placed>(heap: T[], item: T): void {
  const hole = item.place;
  const last = heap.pop();
  item.place = NOWHERE;
  if (last === undefined || last === item) return;
  heap[hole] = last;
  last.place = hole;
  moved(heap, last);
}

/** Call after `item.key` has changed. */
export function moved<T extends Placed>(heap: T[], item: T): void {
  rise(heap, item);
  sink(heap, item);
}

function rise<T extends Placed>(heap: T[], item: T): void {
  let { place } = item;
  while (place > 0) {
    const parent = heap[(place - 1) >> 1];
    if (parent === undefined || parent.key <= item.key) break;
    heap[place] = parent;
    const above = parent.place;
    parent.place = place;
    place = above;
  }
  heap[place] = item;
  item.place = place;
}

function sink<T extends Placed>(heap: T[], item: T): void {
  let { place } = item;
  for (;;) {
    const left = heap[2 * place + 1];
    const right = heap[2 * place + 2];
    const child = right !== undefined && left !== undefined && right.key < left.key ? right : left;
    if (child === undefined || child.key >= item.key) break;
    heap[place] = child;
    const below = child.place;
    child.place = place;
    place = below;
  }
  heap[place] = item;
  item.place = place;
}
