import type { Spread } from './statistics.ts';
import type { Finding } from './suite.ts';

const HEADINGS = ['suite', 'what', 'size', 'goal', 'measured', 'verdict'];

export interface SuiteFindings {
  readonly suite: string;
  readonly findings: readonly Finding[];
}

/** Returns the findings as a table in Markdown. */
export function table(results: readonly SuiteFindings[]): string {
  const rows = results.flatMap(({ suite, findings }) =>
    findings.map(({ what, size, goal, measured, met }) => [
      suite,
      what,
      size,
      goal ?? '',
      measured,
      met === undefined ? '' : met ? 'met' : '**not met**',
    ]),
  );
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(HEADINGS), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}

/** Formats a number with separated thousands and at least three significant digits. */
export function number(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: digits });
}

/** Formats a whole number with separated thousands. */
export function count(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 0 });
}

/** Formats a median with the lowest and the highest value. */
export function withSpread({ median, low, high }: Spread): string {
  return `${number(median)} (${number(low)}–${number(high)})`;
}
