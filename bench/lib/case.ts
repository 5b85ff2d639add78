/**
 * What a case is and what it hands back. A case measures; judging and printing are `rows.ts` and `table.ts`.
 *
 * Every figure is a list of samples, one a round, so that the spread is in the table beside the median.
 */
export interface Case {
  /** As on the command line. */
  readonly name: string;
  /** What it measures, in a line. */
  readonly title: string;
  run(bench: Bench): Promise<readonly Row[]>;
}

/** What a case may use. */
export interface Bench {
  /** Alternations of floor and measured. */
  readonly rounds: number;
  /** Of load, in each measurement. */
  readonly seconds: number;
  /** An empty directory, removed after the case. */
  readonly scratch: string;
  /** Only shows that all of it runs: nothing is warmed up, nothing counts. */
  readonly smoke: boolean;
  /** Instances to fill in: `wanted`, or few in a smoke run. */
  size(wanted: number): number;
  /** Says what is going on; not part of the results. */
  note(text: string): void;
}

export type Target = { readonly atLeast: number } | { readonly atMost: number };

/** One line of the table. */
export interface Row {
  readonly what: string;
  /** Of `samples`: `×` for ratios. */
  readonly unit: string;
  /** What is judged: ratios to the floor, or plain figures where the target is one. */
  readonly samples: readonly number[];
  readonly target?: Target;
  /** The figures behind a ratio, with their unit, in the order they were taken. */
  readonly behind?: { readonly unit: string; readonly measured: readonly number[]; readonly floor: readonly number[] };
  /** CPU of the measured server and of the load generator, in percent of one core. Below 100 the generator was not what limited. */
  readonly cpu?: { readonly server: readonly number[]; readonly generator: readonly number[] };
}
