/**
 * What is written for people: tables, colours, and text that came from others made harmless.
 *
 * Colours only on a terminal that is not dumb, and never with NO_COLOR. Names come from whoever registers, so control
 * characters in them (which could move the cursor or lie about what is there) are shown as escapes.
 */
export function useColours(stream: { readonly isTTY?: boolean }, env: NodeJS.ProcessEnv): boolean {
  return stream.isTTY === true && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

export type Paint = (text: string) => string;

/** Statuses of instances; what is not named stays plain. */
const codes: Readonly<Record<string, number>> = { up: 32, late: 33, draining: 36, maintenance: 36, failing: 31, stopped: 31 };

export function paintStatus(status: string, colours: boolean): string {
  const code = codes[status];
  return colours && code !== undefined ? `\u001b[${code}m${status}\u001b[39m` : status;
}

export function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Columns as wide as their widest cell, two spaces between them. `paint` colours a cell after it was measured. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  paint: readonly (Paint | undefined)[] = [],
): string {
  const lines = [headings, ...rows].map((row) => row.map(harmless));
  const widths = headings.map((_, column) => lines.reduce((widest, row) => Math.max(widest, row[column]?.length ?? 0), 0));
  return lines
    .map((row, index) =>
      row
        .map((cell, column) => {
          const padding = column === row.length - 1 ? '' : ' '.repeat((widths[column] ?? 0) - cell.length);
          return (index === 0 ? cell : (paint[column]?.(cell) ?? cell)) + padding;
        })
        .join('  '),
    )
    .map((line) => `${line}\n`)
    .join('');
}

/** A duration in one or two units: `350 ms`, `12 s`, `3 min 5 s`, `2 d 4 h`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400],
    ['h', 3_600],
    ['min', 60],
    ['s', 1],
  ];
  const seconds = Math.floor(ms / 1_000);
  const first = units.findIndex(([, size]) => seconds >= size);
  let rest = seconds;
  const parts: string[] = [];
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(' ');
}
