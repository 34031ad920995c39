import { colourOf, inOrder, type Picture, titleOf } from './picture.ts';
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
        colour: colourOf(name, theme),
      })),
    ),
  );
  if (values.length === 0) return undefined;
  const { text } = palette[theme];
  const most = Math.max(...values.map(({ count }) => count));
  const mean = values.reduce((sum, { count }) => sum + count, 0) / values.length;
  return {
    title: {
      text: 'Connections of each of 8 workers, busiest first',
      subtitle: '64 connections that stay; a dot for each worker and round; dashes: even',
    },
    data: { values },
    columns: 2,
    spacing: { row: 26, column: 34 },
    facet: { field: 'system', type: 'nominal', title: null, sort: measured.map(([name]) => titleOf(name)) },
    spec: {
      width: 240,
      height: 110,
      layer: [
        {
          mark: { type: 'circle', size: 70, opacity: 0.5 },
          encoding: {
            x: { field: 'rank', type: 'ordinal', title: null, axis: { labels: false } },
            y: {
              field: 'count',
              type: 'quantitative',
              title: null,
              scale: { domain: [0, most + 1], nice: false },
              axis: { tickCount: 4 },
            },
            color: { field: 'colour', type: 'nominal', scale: null },
          },
        },
        {
          mark: { type: 'rule', color: text, strokeDash: [4, 4], strokeWidth: 1 },
          encoding: { y: { datum: mean } },
        },
      ],
    },
  };
};
