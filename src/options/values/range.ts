import { MOST_WORKERS } from '../../contract/limits.ts';

/** A range of the number of workers, as it was written. `auto` is the number of cores. */
export interface WorkerRange {
  readonly least: number | 'auto';
  readonly most: number | 'auto';
}

/** Reads `<min>..<max>`, each a whole number from 1 on or `auto`; undefined when it is not a range. */
export function parseRange(text: string): WorkerRange | undefined {
  const [, first, last] = /^(auto|\d{1,4})\.\.(auto|\d{1,4})$/.exec(text) ?? [];
  if (first === undefined || last === undefined) return undefined;
  const least: number | 'auto' = first === 'auto' ? first : Number(first);
  const most: number | 'auto' = last === 'auto' ? last : Number(last);
  const fits = ([least, most] as const).every((end) => end === 'auto' || (end >= 1 && end <= MOST_WORKERS));
  const isInOrder = least === 'auto' || most === 'auto' || least <= most;
  return fits && isInOrder ? { least, most } : undefined;
}

/** A range in numbers. `isAsked` says that the most is a number that was given, which may be above the cores. */
export interface Range {
  /** The range as it was written, such as `1..auto`. */
  readonly text: string;
  readonly least: number;
  readonly most: number;
  readonly isAsked: boolean;
}

/** @returns undefined when the range ends below where it begins, with so many cores. */
export function resolveRange({ least, most }: WorkerRange, cores: number): Range | undefined {
  const text = `${least}..${most}`;
  const range = { text, least: least === 'auto' ? cores : least, most: most === 'auto' ? cores : most };
  return range.least <= range.most ? { ...range, isAsked: most !== 'auto' } : undefined;
}
