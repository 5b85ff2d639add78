/** The rows of two servers under the same load: requests a second, with what both sides spent, and the 99th percentile. */
import { type Alternated, alternate, compare } from './alternate.ts';
import type { Bench, Row, Target } from './case.ts';
import type { LoadSample } from './load.ts';

export interface LoadComparison {
  readonly what: string;
  readonly floor: () => Promise<LoadSample>;
  readonly measure: () => Promise<LoadSample>;
  readonly rps?: Target;
  readonly p99?: Target;
  /** Leave out percentiles where the two are not alike enough for them to mean anything. */
  readonly percentiles?: boolean;
}

/** Both are warmed up first, by one measurement that does not count. */
export async function compareLoads(
  { rounds, smoke }: Pick<Bench, 'rounds' | 'smoke'>,
  { what, floor, measure, rps, p99, percentiles = true }: LoadComparison,
): Promise<Row[]> {
  if (!smoke) {
    await floor();
    await measure();
  }
  const taken = await alternate(rounds, floor, measure);
  const rows = [
    ...withCpu(taken, compare(taken, { what, unit: '/s', of: (sample) => sample.rps, ...(rps === undefined ? {} : { target: rps }) })),
  ];
  if (percentiles) {
    const of = (sample: LoadSample) => sample.p99Ms;
    rows.push(...compare(taken, { what: `${what}: p99`, unit: 'ms', of, ...(p99 === undefined ? {} : { target: p99 }) }));
  }
  return rows;
}

function withCpu({ measured }: Alternated<LoadSample>, [ratio, noise]: [Row, Row]): Row[] {
  const cpu = { server: measured.map((sample) => sample.serverCpu), generator: measured.map((sample) => sample.generatorCpu) };
  return [{ ...ratio, cpu }, noise];
}
