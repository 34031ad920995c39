/** Words for how two generations compare, for terminals and for the page. */
import type { CanaryVerdict, ComparisonRow } from '../contract/canary.ts';
import { count, milliseconds, size } from './figures.ts';

/** The text for a figure that is not known. */
const NONE = '–';

const formats: Readonly<Record<ComparisonRow['unit'], (value: number) => string>> = {
  ms: milliseconds,
  bytes: size,
  'bytes/s': (value) => `${size(value)}/s`,
  ratio: (value) => `${Number((value * 100).toFixed(2))}%`,
  requests: count,
  connections: count,
  '': (value) => String(Number(value.toPrecision(3))),
};

/** Formats one side of a row. An older page meets a newer server, which may have other units. */
export function compared(value: number | null, unit: ComparisonRow['unit']): string {
  return value === null ? NONE : (formats[unit] ?? String)(value);
}

/** The cells of a row: the figure, the old generation, the new one, the most that it may have, and what comes of it. */
export function comparisonCells({ figure, unit, baseline, canary, limit, verdict }: ComparisonRow): string[] {
  return [figure, compared(baseline, unit), compared(canary, unit), compared(limit, unit), verdict];
}

const verdictWords: Readonly<Record<CanaryVerdict, string>> = {
  undecided: 'undecided so far',
  worse: 'worse',
  'better-or-equal': 'no worse',
  doubt: 'too little traffic to tell',
};

export function verdictOf(verdict: CanaryVerdict): string {
  return verdictWords[verdict] ?? verdict;
}
