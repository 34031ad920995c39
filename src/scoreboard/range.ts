import { FIGURES } from '../contract/figures.ts';
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

/** The same row, with every figure in the range that the table gives it. */
export function rowInRange(row: Row): Row {
  const values = row as unknown as Record<string, number | Float64Array>;
  for (const { name, range } of FIGURES) {
    const value = values[name]!;
    if (range === 'state' || range === 'slot') continue;
    if (typeof value === 'number') values[name] = inRange(value, range === 'share' ? 1 : undefined);
    else for (let index = 0; index < value.length; index++) value[index] = inRange(value[index]!);
  }
  return row;
}
