/**
 * Measures by turns, floor, measured, floor, measured, …, floor: what drifts on the machine meets both.
 *
 * Each measurement is compared with the mean of the two floors around it. Each floor is also compared with the one before:
 * what that ratio strays from 1 is noise, and no finer difference means anything.
 */
import type { Row, Target } from './case.ts';

export interface Alternated<T> {
  /** One a round. */
  readonly measured: readonly T[];
  /** One more than rounds. */
  readonly floor: readonly T[];
}

export async function alternate<T>(rounds: number, floor: () => Promise<T>, measure: () => Promise<T>): Promise<Alternated<T>> {
  const measured: T[] = [];
  const floors = [await floor()];
  for (let round = 0; round < rounds; round += 1) {
    measured.push(await measure());
    floors.push(await floor());
  }
  return { measured, floor: floors };
}

export interface Compared<T> {
  readonly what: string;
  readonly unit: string;
  readonly of: (sample: T) => number;
  readonly target?: Target;
}

/** The row of ratios, and the floor against itself. */
export function compare<T>({ measured, floor }: Alternated<T>, { what, unit, of, target }: Compared<T>): [ratio: Row, noise: Row] {
  const ours = measured.map(of);
  const floors = floor.map(of);
  const ratios = ours.map((value, round) => value / (((floors[round] ?? 0) + (floors[round + 1] ?? 0)) / 2));
  const noise = floors.slice(1).map((value, round) => value / (floors[round] ?? 0));
  const behind = { unit, measured: ours, floor: floors };
  return [
    { what, unit: '×', samples: ratios, behind, ...(target === undefined ? {} : { target }) },
    { what: `  floor against itself: ${what}`, unit: '×', samples: noise },
  ];
}
