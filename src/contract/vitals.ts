/**
 * The vitals of a worker, as `GET /status` answers and the dashboard shows them: the figures that are marked as such.
 */
import { FIGURES, type Figure, type FigureRow } from './figures.ts';

type NameOf<Row> = Row extends { vital: infer Name extends string }
  ? Name
  : Row extends { vital: true; name: infer Name extends string }
    ? Name
    : never;

export type VitalName = NameOf<FigureRow>;

/**
 * The figures that a worker last wrote to the scoreboard. docs/control.md explains each figure and its unit. The bounds
 * of `durations` are the status's `durationBounds`.
 */
export type Vitals = {
  readonly [Row in FigureRow as NameOf<Row>]: Row extends { count: number } ? readonly number[] : number;
};

/** A figure under its name among the vitals. */
export interface Vital {
  readonly name: VitalName;
  readonly figure: Figure;
}

export const VITALS: readonly Vital[] = FIGURES.flatMap((figure) => {
  const { name, vital } = figure;
  return vital === undefined ? [] : [{ name: (vital === true ? name : vital) as VitalName, figure }];
});
