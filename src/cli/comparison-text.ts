/** Shows how two generations compare. This module is pure. */
import type { Comparison, ComparisonRow } from '../contract/canary.ts';
import { count, milliseconds, size } from '../format/figures.ts';
import { layTable, type Column } from './table.ts';

/** A table of the figures of both generations, below the reasons of the verdict. */
export function comparisonLines({ baseline, canary, table }: Comparison): string[] {
  const columns: readonly Column[] = [
    { title: 'figure' },
    { title: `gen ${baseline}`, align: 'right' },
    { title: `gen ${canary} (canary)`, align: 'right' },
    { title: 'at most', align: 'right' },
    { title: 'verdict' },
  ];
  const rows = table.map(({ figure, unit, baseline: before, canary: after, limit, verdict }) => {
    return [figure, ...[before, after, limit].map((value) => valueText(value, unit)), verdict];
  });
  return layTable(columns, rows);
}

/** The figures that say most, in one line for a user who waits: `requests 1200 (the others 3600), p99 12ms (the others 11ms)`. */
export function comparisonSummary({ table }: Comparison): string {
  return table
    .filter(({ canary, baseline }) => canary !== null && baseline !== null)
    .slice(0, MOST_SUMMED_UP)
    .map(({ figure, unit, baseline, canary }) => {
      return `${figure} ${valueText(canary, unit)} (the others ${valueText(baseline, unit)})`;
    })
    .join(', ');
}

const MOST_SUMMED_UP = 4;

function valueText(value: number | null, unit: ComparisonRow['unit']): string {
  if (value === null) return '-';
  switch (unit) {
    case 'ms':
      return milliseconds(value);
    case 'bytes':
      return size(value);
    case 'bytes/s':
      return `${size(value)}/s`;
    case 'ratio':
      return `${Number((value * 100).toPrecision(3))}%`;
    case 'requests':
    case 'connections':
      return count(Math.round(value));
    // A newer server may have other units.
    case '':
    default:
      return String(Number(value.toPrecision(4)));
  }
}
