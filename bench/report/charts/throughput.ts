import type { TopLevelSpec } from 'vega-lite';
import type { Summary } from '../../summary.ts';
import { colourOf, conditions, inOrder, type Picture, titleOf, whole } from './picture.ts';
import { palette, type Theme } from './theme.ts';

/** What the README shows: the ways that people know. docs/benchmarks.md shows all of them. */
const KNOWN = ['prefork', 'plain', 'cluster', 'pm2', 'watt', 'fasthttp-prefork', 'nginx'];

const valuesOf = (summary: Summary, theme: Theme) =>
  inOrder(summary.scenarios['new-connections']).flatMap(
    ([
      name,
      {
        figures: { perSecond, cpu },
      },
    ]) =>
      perSecond === undefined || cpu === undefined
        ? []
        : [
            {
              name,
              system: titleOf(name),
              colour: colourOf(name, theme),
              value: perSecond.median,
              low: perSecond.min,
              high: perSecond.max,
              rate: whole(perSecond.median),
              cost: `${whole(cpu.median)} µs`,
            },
          ],
  );

/** Bars from 0, the range of the rounds on them, and beside them what a request cost. */
function bars(summary: Summary, theme: Theme, values: ReturnType<typeof valuesOf>): TopLevelSpec | undefined {
  if (values.length === 0) return undefined;
  const { text, quiet } = palette[theme];
  const order = values.toSorted((a, b) => b.value - a.value).map(({ system }) => system);
  const y = { field: 'system', type: 'nominal', sort: order, title: null, axis: { labelColor: text } } as const;
  const most = Math.max(...values.map(({ high }) => high));
  const scale = { domain: [0, most * 1.02], nice: false };
  const beside = (field: string, at: number, align: 'left' | 'right', color: string, bold: boolean) => ({
    mark: { type: 'text', align, color, x: at, fontWeight: bold ? 'bold' : 'normal' } as const,
    encoding: { y, text: { field, type: 'nominal' } } as const,
  });
  return {
    title: {
      text: 'Requests per second, a new connection each',
      subtitle: [conditions(summary), 'line: slowest to fastest round; at the right, the CPU time of a request'],
    },
    width: 260,
    height: { step: 30 },
    data: { values },
    layer: [
      {
        mark: { type: 'bar', cornerRadiusEnd: 3, height: 18 },
        encoding: {
          y,
          x: { field: 'value', type: 'quantitative', scale, title: null, axis: { tickCount: 4, format: ',' } },
          color: { field: 'colour', type: 'nominal', scale: null },
        },
      },
      {
        mark: { type: 'rule', color: text, strokeWidth: 1.5 },
        encoding: { y, x: { field: 'low', type: 'quantitative', scale }, x2: { field: 'high' } },
      },
      beside('rate', 322, 'right', text, true),
      beside('cost', 386, 'right', quiet, false),
    ],
  };
}

export const throughput: Picture = (summary, theme) => bars(summary, theme, valuesOf(summary, theme));

export const known: Picture = (summary, theme) =>
  bars(
    summary,
    theme,
    valuesOf(summary, theme).filter(({ name }) => KNOWN.includes(name)),
  );
