import type { Row } from './layout.ts';
import { BLANK } from './record.ts';

/**
 * Makes a number from a row safe to compute with. A worker can write any bytes, and a NaN or infinity would spoil every
 * sum, and cannot be in JSON.
 *
 * @param most the upper limit.
 */
export function inRange(value: number, most: number = Number.MAX_SAFE_INTEGER): number {
  return value >= 0 ? Math.min(value, most) : 0;
}

type Figure = Exclude<keyof Row, 'state' | 'durations'>;
const figures = Object.keys(BLANK).filter((name) => name !== 'state' && name !== 'durations') as Figure[];

/**
 * Makes a row safe: its numbers are finite and not negative, and its utilization is at most 1. The slot of a spare
 * stays -1.
 */
export function rowInRange(row: Row): Row {
  for (const name of figures) if (name !== 'slot') row[name] = inRange(row[name]);
  row.elu = inRange(row.elu, 1);
  const { durations } = row;
  for (let index = 0; index < durations.length; index++) durations[index] = inRange(durations[index]!);
  return row;
}
