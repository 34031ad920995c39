/** The columns of the table: what each shows, how it sorts rows, and which columns go first when there is no room. */
import { movedOut } from '../../contract/moves.ts';
import type { Vitals } from '../../contract/vitals.ts';
import { count, milliseconds, percent, size } from '../../format/figures.ts';
import type { Latency } from './latency.ts';
import type { Row } from './history.ts';

export interface TopColumn {
  readonly title: string;
  /** Numbers are aligned to the right. */
  readonly align: 'left' | 'right';
  /** The least width, so that the table stands still while figures change. */
  readonly width: number;
  /** A column with a higher rank stays longer in a narrow terminal. */
  readonly rank: number;
  /** The text of the cell, or undefined when the value is not known. A column without any known value is not shown. */
  readonly text: (row: Row) => string | undefined;
  /** The sort key of a row. Numbers sort from the largest down, words from A to Z. */
  readonly order: (row: Row) => number | string | undefined;
}

/** Connections that came to the worker from others and went from it to others. The column is there when there were any. */
function movesOf(vitals: Vitals | null | undefined): number | undefined {
  // An older server does not say.
  return vitals?.movedIn === undefined ? undefined : vitals.movedIn + movedOut(vitals) || undefined;
}

type Figure = (row: Row) => number | undefined;

function figure(title: string, width: number, rank: number, of: Figure, show: (value: number) => string): TopColumn {
  const text = (row: Row): string | undefined => {
    const value = of(row);
    return value === undefined ? undefined : show(value);
  };
  return { title, align: 'right', width, rank, text, order: of };
}

/** This column shows wherever rates are known. Otherwise it would come and go with the requests. */
function latency(title: keyof Latency, rank: number): TopColumn {
  const column = figure(title, 5, rank, (row) => row.latency?.[title], milliseconds);
  return { ...column, text: (row) => column.text(row) ?? (row.rate === undefined ? undefined : UNKNOWN) };
}

/** The text of a cell whose value is not known. */
const UNKNOWN = '-';

export const topColumns: readonly TopColumn[] = [
  { title: 'slot', align: 'left', width: 5, rank: 11, text: ({ title }) => title, order: () => 0 },
  figure('pid', 6, 4, ({ worker }) => worker?.pid ?? undefined, String),
  figure('gen', 3, 2, ({ worker }) => worker?.generation, String),
  { title: 'state', align: 'left', width: 8, rank: 10, text: ({ state }) => state, order: ({ state }) => state },
  figure('cpu', 4, 8, ({ cpu }) => cpu, percent),
  figure('loop', 4, 6, ({ worker }) => worker?.vitals?.utilization, percent),
  figure('mem', 5, 5, ({ worker }) => worker?.vitals?.rss, size),
  figure('conns', 5, 3, ({ worker }) => worker?.vitals?.connectionsOpen, count),
  figure('moved', 5, 0, ({ worker }) => movesOf(worker?.vitals), count),
  figure(
    'req/s',
    5,
    9,
    ({ rate }) => rate,
    (rate) => count(Math.round(rate)),
  ),
  latency('p50', 1),
  latency('p99', 7),
];

export function cellOf({ text }: TopColumn, row: Row): string {
  return text(row) ?? UNKNOWN;
}

/** Returns the columns with a known value in at least one row. */
export function knownColumns(rows: readonly Row[]): readonly TopColumn[] {
  return topColumns.filter(({ title, text }) => title === 'slot' || rows.some((row) => text(row) !== undefined));
}

/** Sorts the rows. Rows without a known value come last, and equal rows keep their order. */
export function sorted(rows: readonly Row[], title: string, isReversed: boolean): readonly Row[] {
  const order = topColumns.find((column) => column.title === title)?.order;
  if (order === undefined) return rows;
  const keyed = rows.map((row) => ({ row, key: order(row) }));
  const known = keyed.filter(({ key }) => key !== undefined).toSorted((one, other) => compare(one.key!, other.key!));
  const unknown = keyed.filter(({ key }) => key === undefined);
  return [...(isReversed ? known.toReversed() : known), ...unknown].map(({ row }) => row);
}

function compare(one: number | string, other: number | string): number {
  if (typeof one === 'number' && typeof other === 'number') return other - one;
  return String(one) < String(other) ? -1 : Number(String(one) > String(other));
}
