import type { Row } from './layout.ts';
import { BLANK } from './record.ts';

/**
 * A number out of a row as one that can be counted with: a worker can write any bytes, and one NaN or infinity would be in
 * every sum, and in no JSON, from then on.
 *
 * @param most whatever is more is that.
 */
export function inRange(value: number, most: number = Number.MAX_SAFE_INTEGER): number {
  return value >= 0 ? Math.min(value, most) : 0;
}

type Figure = Exclude<keyof Row, 'state' | 'durations'>;
const figures = Object.keys(BLANK).filter((name) => name !== 'state' && name !== 'durations') as Figure[];

/** The same row, whose numbers are finite and not negative, and its utilization at most 1. The slot of a spare stays -1. */
export function rowInRange(row: Row): Row {
  for (const name of figures) if (name !== 'slot') row[name] = inRange(row[name]);
  row.elu = inRange(row.elu, 1);
  const { durations } = row;
  for (let index = 0; index < durations.length; index++) durations[index] = inRange(durations[index]!);
  return row;
}
