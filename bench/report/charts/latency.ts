import type { TopLevelSpec } from 'vega-lite';
import type { Summary } from '../../summary.ts';
import { colourOf, conditions, inOrder, type Picture, titleOf } from './picture.ts';
import { LABELS, palette, type Theme } from './theme.ts';

const LATENCY_OF = ['prefork', 'prefork-least-connections', 'plain', 'cluster', 'pm2', 'watt'];
const POINTS = [
  { key: 'p50', title: 'p50', shape: 'circle' },
  { key: 'p99', title: 'p99', shape: 'diamond' },
  { key: 'p999', title: 'p99.9', shape: 'triangle-right' },
] as const;

const PANELS = [
  ['keep-alive', 'Hello world, connections that stay'],
  ['new-connections', 'Hello world, a new connection for each request'],
  ['varied', '0.5 ms of computing, every hundredth 50 ms'],
] as const;

const valuesOf = (summary: Summary, theme: Theme, scenario: string) =>
  inOrder(summary.scenarios[scenario])
    .filter(([name]) => LATENCY_OF.includes(name))
    .flatMap(([name, { figures }]) =>
      POINTS.flatMap(({ key, title: at }) => {
        const spread = figures[key];
        const row = { system: titleOf(name), colour: colourOf(name, theme), at };
        return spread === undefined ? [] : [{ ...row, ms: spread.median, low: spread.min, high: spread.max }];
      }),
    );

/** Rows of systems, in each of them a lane for each percentile. */
export const latency: Picture = (summary, theme) => {
  const panels = PANELS.map(([scenario, title]) => ({ title, values: valuesOf(summary, theme, scenario) }));
  const present = panels.filter(({ values }) => values.length > 0);
  if (present.length === 0) return undefined;
  const { text, quiet } = palette[theme];
  const lanes = POINTS.map(({ title }) => title);
  const y = {
    field: 'system',
    type: 'nominal',
    sort: LATENCY_OF.map(titleOf),
    title: null,
    axis: { labelColor: text, minExtent: LABELS },
    scale: { paddingInner: 0.25 },
  } as const;
  const yOffset = { field: 'at', type: 'nominal', sort: lanes } as const;
  const x = { type: 'quantitative', scale: { zero: true }, axis: { tickCount: 5, title: 'ms' } } as const;
  const shape = {
    field: 'at',
    type: 'nominal' as const,
    sort: lanes,
    scale: { domain: lanes, range: POINTS.map((point) => point.shape) },
    legend: { symbolFillColor: quiet, symbolStrokeColor: quiet },
  };
  const spec: TopLevelSpec = {
    title: {
      text: 'How long a request takes under full load',
      subtitle: [conditions(summary), 'thin line: fastest to slowest round'],
    },
    spacing: 20,
    vconcat: present.map(({ title, values }) => ({
      title: { text: title, fontSize: 14, offset: 6 },
      width: 310,
      height: { step: 8, for: 'offset' },
      data: { values },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 1.2, color: quiet },
          encoding: { y, yOffset, x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        {
          mark: { type: 'point', size: 55, filled: true, opacity: 1 },
          encoding: {
            ...{ y, yOffset, shape, x: { ...x, field: 'ms' } },
            color: { field: 'colour', type: 'nominal', scale: null },
          },
        },
      ],
    })),
    resolve: { scale: { x: 'independent', y: 'independent' } },
  };
  return spec;
};
