/** The vitals of a worker, as `GET /status` answers and the dashboard shows them: those figures that say so. */
import { FIGURES, type Figure, type FigureRow } from './figures.ts';

type NameOf<Row> = Row extends { vital: infer Name extends string }
  ? Name
  : Row extends { vital: true; name: infer Name extends string }
    ? Name
    : never;

export type VitalName = NameOf<FigureRow>;

/**
 * What a worker last wrote to the scoreboard. What each figure is, and its unit: docs/control.md. `durations` is by
 * `durationBounds` of the status.
 */
export type Vitals = {
  readonly [Row in FigureRow as NameOf<Row>]: Row extends { count: number } ? readonly number[] : number;
};

/** A figure by the name that it has among the vitals. */
export interface Vital {
  readonly name: VitalName;
  readonly figure: Figure;
}

export const VITALS: readonly Vital[] = FIGURES.flatMap((figure) => {
  const { name, vital } = figure;
  return vital === undefined ? [] : [{ name: (vital === true ? name : vital) as VitalName, figure }];
});
