import { FIGURE_TABLE } from './figure-table.ts';

/** The way in which the board stores a figure; `state` is a byte out of `STATES`. */
export type FieldType = 'state' | 'i32' | 'u32' | 'f64';

/**
 * The values that a figure can have. `whole` and `amount` are numbers of 0 or more, `share` is at most 1, `time` is
 * monotonic, `slot` is a slot or -1, and `state` is a state. A worker can write anything, so readers bring values into
 * this range.
 */
export type Range = 'whole' | 'amount' | 'share' | 'time' | 'slot' | 'state';

/**
 * The way in which the figures of several workers of a slot are combined. A `total` only grows while its worker lives,
 * adds up, and is kept when the worker ends; its metric is a counter. An `own` figure belongs to the slot's present
 * worker; its metric is a gauge. `none` marks a figure that identifies the worker.
 */
export type Aggregation = 'total' | 'own' | 'none';

/**
 * A metric of one figure, or of several that differ in labels. Milliseconds become seconds, as Prometheus wants it.
 */
export interface FigureMetric {
  readonly name: `prefork_${string}`;
  /** The labels by which figures of one metric differ, and their values for this figure. */
  readonly labels?: Readonly<Record<string, string>>;
  /** The description of the metric, at its first figure. */
  readonly help?: string;
  /** The advice for when the metric is high, or low where that matters; at its first figure. */
  readonly advice?: string;
}

export interface Figure {
  readonly name: string;
  readonly type: FieldType;
  /** The number of elements, when the figure is an array. */
  readonly count?: number;
  readonly unit: '' | 'ms' | 'bytes' | 'ratio' | 'connections' | 'requests';
  readonly range: Range;
  readonly aggregation: Aggregation;
  /** A description for people. */
  readonly about: string;
  /** The name of the figure among the vitals, or true for the same name. A time appears there as its age. */
  readonly vital?: string | true;
  readonly metric?: FigureMetric;
}

/** A row of the table, as the compiler knows it. */
export type FigureRow = (typeof FIGURE_TABLE)[number];

/** All figures, in the order in which the scoreboard stores them. */
export const FIGURES: readonly Figure[] = FIGURE_TABLE;
