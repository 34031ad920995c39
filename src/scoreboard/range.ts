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
  const values = row as unknown as Record<string, number>;
  for (const { name, range, count } of FIGURES) {
    if (range === 'state' || range === 'slot' || count !== undefined) continue;
    values[name] = figureInRange(values[name]!, range);
  }
  const { durations } = row;
  for (let index = 0; index < durations.length; index++) {
    durations[index] = isSum(index) ? inRange(durations[index]!) : countInRange(durations[index]!);
  }
  return row;
}
