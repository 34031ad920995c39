import { FIGURES, type Range } from '../contract/figures.ts';
import { isSum } from './durations.ts';
import type { Row } from './layout.ts';

/**
 * A number out of a row as one that can be counted with: a worker can write any bytes, and one NaN or infinity would be in
 * every sum, and in no JSON, from then on.
 *
 * @param most whatever is more is that.
 */
export function inRange(value: number, most: number = Number.MAX_SAFE_INTEGER): number {
  return value >= 0 ? Math.min(value, most) : 0;
}

/** Whatever is counted, of which there are no halves: so many that all rows together are still a number without a gap. */
const MOST = 2 ** 41;

function countInRange(value: number): number {
  return Math.floor(inRange(value, MOST));
}

function figureInRange(value: number, range: Range): number {
  if (range === 'whole') return countInRange(value);
  return inRange(value, range === 'share' ? 1 : undefined);
}

/** The same row, with every figure in the range that the table gives it. */
export function rowInRange(row: Row): Row {
  const values = row as unknown as Record<string, number | Float64Array>;
  for (const { name, range } of FIGURES) {
    const value = values[name]!;
    if (range === 'state' || range === 'slot') continue;
    if (typeof value === 'number') values[name] = figureInRange(value, range);
    else for (let index = 0; index < value.length; index++) value[index] = figureInRange(value[index]!, range);
  }
  // A histogram of durations is counts, and their sums.
  const { durations } = row;
  for (let index = 0; index < durations.length; index++) {
    if (!isSum(index)) durations[index] = countInRange(durations[index]!);
  }
  return row;
}
