import { FIGURE_TABLE } from './figure-table.ts';

/** How the board stores a figure; `state` is a byte out of `STATES`. */
export type FieldType = 'state' | 'i32' | 'u32' | 'f64';

/**
 * What values a figure has: `whole` and `amount` numbers of 0 or more, a `share` of 1, a monotonic `time`, a `slot` or -1, or a
 * `state`. A worker can write anything: what readers hand on has been brought into this range.
 */
export type Range = 'whole' | 'amount' | 'share' | 'time' | 'slot' | 'state';

/**
 * What the figure is of several workers of a slot. `total`: it only grows while its worker lives, adds up, and is kept when the
 * worker ends; its metric is a counter. `own`: it is that of the slot's own worker; its metric is a gauge. `none`: it says
 * which worker that is.
 */
export type Aggregation = 'total' | 'own' | 'none';

/** A metric of one figure, or of several that differ in labels. Milliseconds become seconds, as Prometheus has it. */
export interface FigureMetric {
  readonly name: `prefork_${string}`;
  /** By which the figures of one metric differ: their labels, and what these are for this figure. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the first figure that has the metric: what it is. */
  readonly help?: string;
  /** Likewise, what to do when it is high, or low where that is what matters. */
  readonly advice?: string;
}

export interface Figure {
  readonly name: string;
  readonly type: FieldType;
  /** Of an array: how many numbers there are. */
  readonly count?: number;
  readonly unit: '' | 'ms' | 'bytes' | 'ratio' | 'connections' | 'requests';
  readonly range: Range;
  readonly aggregation: Aggregation;
  /** For people. */
  readonly about: string;
  /** It is one of the vitals, under this name or its own. A time is told as its age there. */
  readonly vital?: string | true;
  readonly metric?: FigureMetric;
}

/** A row of the table, as the compiler knows it. */
export type FigureRow = (typeof FIGURE_TABLE)[number];

/** All figures, in the order in which the scoreboard stores them. */
export const FIGURES: readonly Figure[] = FIGURE_TABLE;
