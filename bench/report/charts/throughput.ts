import { OURS } from '../../systems/index.ts';
import { conditions, type Picture, titleOf } from './picture.ts';
import { palette } from './theme.ts';

/** Bars, prefork's in its colour, with the range of the rounds on them. */
export const throughput: Picture = (summary, theme) => {
  const measured = summary.scenarios['new-connections'];
  if (measured === undefined) return undefined;
  const { ours, others, text } = palette[theme];
  const values = Object.entries(measured).flatMap(
    ([
      name,
      {
        figures: { perSecond },
      },
    ]) =>
      perSecond === undefined
        ? []
        : [
            {
              system: titleOf(name),
              ours: name.startsWith(OURS),
              value: perSecond.median,
              low: perSecond.min,
              high: perSecond.max,
            },
          ],
  );
  const order = values.toSorted((a, b) => b.value - a.value).map(({ system }) => system);
  const y = { field: 'system', type: 'nominal', sort: order, title: null } as const;
  return {
    title: {
      text: 'A new connection for each request: answers per second',
      subtitle: `${conditions(summary)}; line: all rounds`,
    },
    width: 480,
    height: { step: 24 },
    data: { values },
    layer: [
      {
        mark: { type: 'bar', cornerRadiusEnd: 2 },
        encoding: {
          y,
          x: { field: 'value', type: 'quantitative', title: 'requests/s', axis: { tickCount: 6 } },
          color: { condition: { test: 'datum.ours', value: ours }, value: others },
        },
      },
      {
        mark: { type: 'rule', color: text, strokeWidth: 1.5 },
        encoding: { y, x: { field: 'low', type: 'quantitative' }, x2: { field: 'high' } },
      },
    ],
  };
};
