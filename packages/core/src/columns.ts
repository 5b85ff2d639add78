/**
 * What is asked of every instance at once, as one typed array a question, indexed by slot: a pass over a million deadlines
 * takes about a millisecond, and a heartbeat writes two numbers.
 *
 * Bound: about 45 bytes a slot; capacity doubles and never shrinks.
 */
export interface Columns {
  /** In lease time; infinite for a free slot. */
  readonly deadlineMs: Float64Array;
  /** Lease time of registration, or of the start. */
  readonly bornMs: Float64Array;
  /** Wall time of the last heartbeat. */
  readonly heardAtMs: Float64Array;
  readonly row: Float64Array;
  /** See `standing.ts`. */
  readonly standing: Uint32Array;
  /** See `catalog.ts`. */
  readonly flags: Uint8Array;
  /** Moves when what waits for the slot must be dropped. */
  readonly generation: Uint32Array;
}

export function createColumns(capacity: number): Columns {
  return {
    deadlineMs: new Float64Array(capacity).fill(Number.POSITIVE_INFINITY),
    bornMs: new Float64Array(capacity),
    heardAtMs: new Float64Array(capacity),
    row: new Float64Array(capacity),
    standing: new Uint32Array(capacity),
    flags: new Uint8Array(capacity),
    generation: new Uint32Array(capacity),
  };
}

export function grown(old: Columns): Columns {
  const next = createColumns(old.flags.length * 2);
  for (const name of Object.keys(old) as (keyof Columns)[]) next[name].set(old[name]);
  return next;
}
