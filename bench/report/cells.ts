/** Numbers as the tables show them. */

import type { Column } from '../scenario.ts';
import type { Spread } from '../statistics.ts';

const grouped = (value: number, digits: number): string =>
  value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Large numbers need no fraction, small ones do. */
const fitting = (value: number, digits: number): number =>
  digits > 0 && Math.abs(value) >= 100 ? Math.max(0, digits - 1) : digits;

export interface Cell {
  readonly median: string;
  /** Smallest to largest of the rounds; empty when they show alike. */
  readonly range: string;
}

export function cell(spread: Spread | undefined, digits: number): Cell {
  if (spread === undefined) return { median: '–', range: '' };
  const show = (value: number): string => grouped(value, fitting(value, digits));
  const [low, high] = [show(spread.min), show(spread.max)];
  return { median: show(spread.median), range: low === high ? '' : `${low}–${high}` };
}

export const ratioCell = (spread: Spread | undefined): Cell => cell(spread, 2);

/** A row of a scenario's table: the columns, each that has ratios followed by them. */
export function headings(columns: readonly Column[], references: readonly string[]): string[] {
  return columns.flatMap(({ title, ratio }) => [
    title,
    ...(ratio === true ? references.map((name) => `× ${name}`) : []),
  ]);
}
