import { median } from '../../statistics.ts';
import { OURS } from '../../systems/index.ts';
import { conditions, type Picture, titleOf } from './picture.ts';
import { palette } from './theme.ts';

const LATENCY_OF = [OURS, 'plain', 'cluster', 'pm2', 'watt'];
const LATENCY_AT = ['50', '75', '90', '99', '99.9', '99.99'];

export const latency: Picture = (summary, theme) => {
  const of = [
    ['new-connections', 'hello, a new connection each'],
    ['varied', '0.5 ms of computing, every hundredth 50 ms'],
  ] as const;
  const values = of.flatMap(([scenario, panel]) =>
    LATENCY_OF.flatMap((name) => {
      const details = summary.scenarios[scenario]?.[name]?.details ?? [];
      return LATENCY_AT.flatMap((at) => {
        const rounds = details
          .map((detail) => (detail['latency'] as Record<string, number>)[at] ?? NaN)
          .filter(Number.isFinite);
        return rounds.length === 0 ? [] : [{ panel, system: titleOf(name), at: `p${at}`, ms: median(rounds) }];
      });
    }),
  );
  if (values.length === 0) return undefined;
  return {
    title: {
      text: 'Latency, from the middle to the slowest',
      subtitle: `${conditions(summary)}; medians of the rounds`,
    },
    data: { values },
    facet: { column: { field: 'panel', type: 'nominal', title: null, sort: of.map(([, panel]) => panel) } },
    spec: {
      width: 290,
      height: 240,
      mark: { type: 'line', point: { size: 36 }, strokeWidth: 2 },
      encoding: {
        x: { field: 'at', type: 'ordinal', sort: null, title: null, axis: { labelAngle: 0 } },
        y: {
          field: 'ms',
          type: 'quantitative',
          scale: { type: 'log' },
          title: 'ms, logarithmic',
          axis: { tickCount: 6 },
        },
        color: {
          field: 'system',
          type: 'nominal',
          sort: LATENCY_OF.map(titleOf),
          scale: { domain: LATENCY_OF.map(titleOf), range: [...palette[theme].lines] },
        },
      },
    },
    resolve: { scale: { y: 'independent' } },
  };
};
