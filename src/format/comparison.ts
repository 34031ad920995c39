/** Words for how two generations compare, for terminals and for the page. */
import type { CanaryVerdict, ComparisonRow } from '../contract/canary.ts';
import { count, milliseconds, size } from './figures.ts';

const formats: Readonly<Record<ComparisonRow['unit'], (value: number) => string>> = {
  ms: milliseconds,
  bytes: size,
  'bytes/s': (value) => `${size(value)}/s`,
  ratio: (value) => `${Number((value * 100).toPrecision(3))}%`,
  requests: (value) => count(Math.round(value)),
  connections: (value) => count(Math.round(value)),
  '': (value) => String(Number(value.toPrecision(4))),
};

/**
 * Formats one side of a row. An older page meets a newer server, which may have other units.
 *
 * @param none the text for a figure that is not known.
 */
export function comparedText(value: number | null, unit: ComparisonRow['unit'], none: string): string {
  return value === null ? none : (formats[unit] ?? String)(value);
}

const verdictWords: Readonly<Record<CanaryVerdict, string>> = {
  undecided: 'undecided so far',
  worse: 'worse',
  'better-or-equal': 'no worse',
  doubt: 'too little traffic to tell',
};

export function verdictText(verdict: CanaryVerdict): string {
  return verdictWords[verdict] ?? verdict;
}
