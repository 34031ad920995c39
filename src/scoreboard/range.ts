import { isSum } from './durations.ts';
import { ROW, type Row } from './layout.ts';
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

/** Whatever is counted, of which there are no halves: so many that all rows together are still a number without a gap. */
const MOST = 2 ** 41;

function countInRange(value: number): number {
  return Math.floor(inRange(value, MOST));
}

/** Units of what is measured; all others count. */
const MEASURES: ReadonlySet<string> = new Set(['ms', 'ratio']);
const measured: ReadonlySet<string> = new Set(ROW.filter(({ unit }) => MEASURES.has(unit)).map(({ name }) => name));

type Figure = Exclude<keyof Row, 'state' | 'durations'>;
const figures = Object.keys(BLANK).filter((name) => name !== 'state' && name !== 'durations') as Figure[];

/**
 * The same row, whose numbers are finite and not negative, counts whole, and its utilization at most 1. The slot of a spare stays -1.
 */
export function rowInRange(row: Row): Row {
  for (const name of figures)
    if (name !== 'slot') row[name] = measured.has(name) ? inRange(row[name]) : countInRange(row[name]);
  row.elu = inRange(row.elu, 1);
  const { durations } = row;
  for (let index = 0; index < durations.length; index++) {
    durations[index] = isSum(index) ? inRange(durations[index]!) : countInRange(durations[index]!);
  }
  return row;
}
