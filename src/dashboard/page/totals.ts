import { Chart, type ChartOptions } from './parts/chart.ts';
import { latency, memory, rate, share, whole } from './figures.ts';
import type { Model } from './model.ts';

const MEGABYTE = 1_048_576;

const charts: readonly ChartOptions[] = [
  { title: 'Requests per second', curves: [{ label: '', of: (moment) => moment.rate }], show: rate, least: 10 },
  {
    title: 'Response time',
    curves: [
      { label: 'p50', of: ({ p50 }) => p50 },
      { label: 'p99', of: ({ p99 }) => p99, isDashed: true },
    ],
    show: latency,
    least: 1,
  },
  {
    title: 'Event loops',
    curves: [
      { label: 'mean', of: ({ loop }) => loop },
      { label: 'max', of: ({ busiest }) => busiest, isDashed: true },
    ],
    show: share,
    least: 1,
    most: 1,
  },
  { title: 'Connections', curves: [{ label: '', of: ({ connections }) => connections }], show: whole, least: 10 },
  { title: 'Memory', curves: [{ label: '', of: (moment) => moment.memory }], show: memory, unit: MEGABYTE, least: 100 },
];

/** The charts of all workers together. */
export class Totals {
  readonly #charts = charts.map((options) => new Chart(options));

  constructor(place: HTMLElement) {
    place.append(...this.#charts.map(({ card }) => card));
    // The colours of a canvas do not follow those of the page.
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
      for (const chart of this.#charts) chart.rebuild();
    });
  }

  show({ moments }: Model): void {
    for (const chart of this.#charts) chart.show(moments);
  }
}
