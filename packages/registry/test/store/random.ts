/** Chance that can be repeated: a failing test prints its seed. Source: mulberry32, public domain. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b_79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}

/** `STORE_SEED` repeats a run. */
export function seedOfRun(): number {
  return Number(process.env.STORE_SEED ?? Math.floor(Math.random() * 0x1_0000_0000));
}

export function below(limit: number, random: () => number): number {
  return Math.floor(random() * limit);
}
