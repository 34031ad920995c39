import { colourOf, conditions, inOrder, type Picture, titleOf } from './picture.ts';
import { palette } from './theme.ts';

const LATENCY_OF = ['prefork', 'prefork-least-connections', 'plain', 'cluster', 'cluster-shared', 'pm2', 'watt'];
const POINTS = [
  { key: 'p50', title: 'half are faster (p50)' },
  { key: 'p99', title: '99 %' },
  { key: 'p999', title: '99.9 %' },
] as const;

const PANELS = [
  ['keep-alive', 'Hello, keep-alive'],
  ['new-connections', 'Hello, a new connection each'],
  ['varied', '0.5 ms of computing, every hundredth 50 ms'],
] as const;

/** A row a system, from the middle to the slowest. */
export const latency: Picture = (summary, theme) => {
  const values = PANELS.flatMap(([scenario, panel]) =>
    inOrder(summary.scenarios[scenario])
      .filter(([name]) => LATENCY_OF.includes(name))
      .flatMap(([name, { figures }]) =>
        POINTS.flatMap(({ key, title }) => {
          const spread = figures[key];
          const row = { panel, system: titleOf(name), colour: colourOf(name, theme), at: title };
          return spread === undefined ? [] : [{ ...row, ms: spread.median, low: spread.min, high: spread.max }];
        }),
      ),
  );
  if (values.length === 0) return undefined;
  const { text, quiet, paper } = palette[theme];
  const order = LATENCY_OF.map(titleOf);
  const y = { field: 'system', type: 'nominal', sort: order, title: null, axis: { labelColor: text } } as const;
  const x = { field: 'ms', type: 'quantitative', title: 'ms', scale: { zero: true }, axis: { tickCount: 5 } } as const;
  return {
    title: {
      text: 'How long a request takes under full load',
      subtitle: [conditions(summary), 'thin line: fastest to slowest round of each'],
    },
    data: { values },
    facet: { row: { field: 'panel', type: 'nominal', title: null, sort: PANELS.map(([, panel]) => panel) } },
    spacing: 26,
    spec: {
      width: 360,
      height: { step: 26 },
      layer: [
        {
          mark: { type: 'rule', strokeWidth: 1, color: quiet },
          encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        {
          mark: { type: 'point', size: 80, filled: true, opacity: 1, stroke: paper, strokeWidth: 1 },
          encoding: {
            y,
            x,
            color: { field: 'colour', type: 'nominal', scale: null },
            shape: {
              field: 'at',
              type: 'nominal',
              sort: POINTS.map(({ title }) => title),
              scale: { domain: POINTS.map(({ title }) => title), range: ['circle', 'diamond', 'triangle-right'] },
              legend: { symbolFillColor: quiet, symbolStrokeColor: quiet },
            },
          },
        },
      ],
    },
    resolve: { scale: { x: 'independent', y: 'independent' } },
  };
};
