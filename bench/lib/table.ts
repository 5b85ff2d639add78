/** Prints the rows, each with its target, and says plainly which targets were missed. */
import type { Row, Target } from './case.ts';
import { digits, spread } from './figures.ts';

const HEAD = ['case', 'min', 'median', 'max', 'target', '', 'measured', 'floor', 'server CPU', 'generator CPU'];

/** Judged by the median. */
export function isMissed({ samples, target }: Row): boolean {
  if (target === undefined) return false;
  const { median } = spread(samples);
  return 'atLeast' in target ? median < target.atLeast : median > target.atMost;
}

export function table(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const [head, ...body] = lines.map((line) => `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  return [head, `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...body].join('\n');
}

export function verdict(rows: readonly Row[]): string {
  const judged = rows.filter((row) => row.target !== undefined);
  const missed = judged.filter(isMissed);
  if (missed.length === 0) return `All ${judged.length} targets reached.`;
  const lines = missed.map((row) => `  ${row.what}: ${figure(spread(row.samples).median, row.unit)}, wanted ${targetText(row)}`);
  return [`MISSED ${missed.length} of ${judged.length} targets:`, ...lines].join('\n');
}

function cells(row: Row): string[] {
  const { min, median, max } = spread(row.samples);
  const cpu = (samples: readonly number[] | undefined) => (samples === undefined ? '' : `${Math.round(spread(samples).median)} %`);
  const behind = (samples: readonly number[] | undefined) =>
    samples === undefined ? '' : figure(spread(samples).median, row.behind?.unit ?? '');
  return [
    row.what,
    digits(min),
    figure(median, row.unit),
    digits(max),
    targetText(row),
    row.target === undefined ? '' : isMissed(row) ? 'MISSED' : 'reached',
    behind(row.behind?.measured),
    behind(row.behind?.floor),
    cpu(row.cpu?.server),
    cpu(row.cpu?.generator),
  ];
}

function figure(value: number, unit: string): string {
  return unit === '×' ? `${digits(value)} ×` : `${digits(value)} ${unit}`;
}

function targetText({ target, unit }: { readonly target?: Target; readonly unit: string }): string {
  if (target === undefined) return '';
  return 'atLeast' in target ? `≥ ${figure(target.atLeast, unit)}` : `≤ ${figure(target.atMost, unit)}`;
}
