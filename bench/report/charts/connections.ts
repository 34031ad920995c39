import { OURS } from '../../systems/index.ts';
import { inOrder, type Picture, titleOf } from './picture.ts';
import { palette } from './theme.ts';

/** Of each system the workers in the order of their load, a dot for every round. */
export const connections: Picture = (summary, theme) => {
  const measured = inOrder(summary.scenarios['spread']);
  const values = measured.flatMap(([name, { details }]) =>
    details.flatMap(({ counts }) =>
      (counts as number[]).map((count, rank) => ({
        system: titleOf(name),
        rank: rank + 1,
        count,
        ours: name.startsWith(OURS),
      })),
    ),
  );
  if (values.length === 0) return undefined;
  const { ours, others, grid } = palette[theme];
  const mean = values.reduce((sum, { count }) => sum + count, 0) / values.length;
  return {
    title: {
      text: 'Connections of each of 8 workers, busiest first',
      subtitle: '64 connections that stay; a dot for each worker and round; the line is even',
    },
    data: { values },
    columns: 4,
    spacing: 28,
    facet: { field: 'system', type: 'nominal', title: null, sort: measured.map(([name]) => titleOf(name)) },
    spec: {
      width: 150,
      height: 110,
      layer: [
        { mark: { type: 'rule', color: grid, strokeDash: [4, 3], strokeWidth: 1.5 }, encoding: { y: { datum: mean } } },
        {
          mark: { type: 'circle', size: 40, opacity: 0.55 },
          encoding: {
            x: { field: 'rank', type: 'ordinal', title: null, axis: { labels: false, ticks: false } },
            y: { field: 'count', type: 'quantitative', title: null },
            color: { condition: { test: 'datum.ours', value: ours }, value: others },
          },
        },
      ],
    },
  };
};
