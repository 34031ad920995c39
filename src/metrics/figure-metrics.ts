/** The metrics of single figures, by slot. The table of figures describes them all. */
import { FIGURES, type Figure, type FigureMetric } from '../contract/figures.ts';
import { VITALS } from '../contract/vitals.ts';
import type { Value } from './family.ts';
import type { Metric } from './metric.ts';
import { countsOf, slotsOf, type Snapshot } from './snapshot.ts';

interface Measured extends Figure {
  readonly metric: FigureMetric;
}

const measured = FIGURES.filter((figure): figure is Measured => figure.metric !== undefined);
const names = new Set(measured.map(({ metric }) => metric.name));

/** The units as Prometheus wants them. */
const units: Readonly<Partial<Record<Figure['unit'], string>>> = { ms: 'seconds', ratio: '0 to 1' };

export const figureMetrics: readonly Metric[] = [...names].map((name) => {
  const parts = measured.filter(({ metric }) => metric.name === name);
  const { aggregation, unit, metric } = parts[0]!;
  const isTotal = aggregation === 'total';
  return {
    name,
    type: isTotal ? 'counter' : 'gauge',
    help: metric.help ?? '',
    unit: units[unit] ?? unit,
    labels: ['slot', ...Object.keys(metric.labels ?? {})],
    source: 'scoreboard',
    advice: metric.advice ?? '',
    read: (snapshot) => parts.flatMap((part) => (isTotal ? totals(part, snapshot) : ofWorkers(part, snapshot))),
  };
});

/** Returns the totals of all workers that the slots ever had. */
function totals(figure: Measured, snapshot: Snapshot): Value[] {
  return slotsOf(snapshot).map((slot) => valueOf(figure, slot, countsOf(snapshot, slot)));
}

/** Returns the values of each slot's own worker, and not of a worker that leaves the slot or is to take it over. */
function ofWorkers(figure: Measured, { status }: Snapshot): Value[] {
  const vital = VITALS.find((one) => one.figure === figure)!;
  return status.slots.flatMap(({ slot, worker }) =>
    worker?.vitals ? [valueOf({ ...figure, name: vital.name }, slot, worker.vitals)] : [],
  );
}

function valueOf({ name, unit, metric: { labels } }: Measured, slot: number, values: object): Value {
  const value = (values as Readonly<Record<string, number>>)[name]!;
  return {
    value: unit === 'ms' ? value / 1000 : value,
    labels: { slot, ...labels },
  };
}
