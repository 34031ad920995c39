import type { TopLevelSpec } from 'vega-lite';
import type { Summary } from '../../summary.ts';
import { colourOf, inOrder, titleOf, whole } from './picture.ts';
import { LABELS, palette, type Theme } from './theme.ts';

type Panel = Extract<TopLevelSpec, { vconcat: unknown }>['vconcat'][number];

/** Where the numbers beside the bars end, from where the bars begin. */
const WIDTH = 230;
const RATE_ENDS = 290;
const COST_ENDS = 350;

function rowsOf(summary: Summary, theme: Theme, scenario: string, among: (name: string) => boolean) {
  return inOrder(summary.scenarios[scenario]).flatMap(
    ([
      name,
      {
        figures: { perSecond, cpu },
      },
    ]) =>
      perSecond === undefined || cpu === undefined || !among(name)
        ? []
        : [
            {
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
}

/** Requests per second: bars from 0, the range of the rounds on them, and beside them what a request cost. */
export function bars(
  summary: Summary,
  theme: Theme,
  scenario: string,
  title: string,
  among: (name: string) => boolean,
): Panel[] {
  const values = rowsOf(summary, theme, scenario, among);
  if (values.length === 0) return [];
  const { text, quiet } = palette[theme];
  const order = values.toSorted((a, b) => b.value - a.value).map(({ system }) => system);
  const most = Math.max(...values.map(({ high }) => high));
  const y = {
    field: 'system',
    type: 'nominal',
    sort: order,
    title: null,
    axis: { labelColor: text, minExtent: LABELS },
  } as const;
  const x = {
    type: 'quantitative' as const,
    scale: { domain: [0, most], nice: false },
    title: null,
    axis: { tickCount: 4, format: ',.0f' },
  };
  const beside = (field: string, ends: number, color: string, bold: boolean) => ({
    mark: { type: 'text', align: 'right', color, x: ends, fontWeight: bold ? 'bold' : 'normal' } as const,
    encoding: { y, text: { field, type: 'nominal' } } as const,
  });
  return [
    {
      title: { text: title, fontSize: 14, offset: 6 },
      width: WIDTH,
      height: { step: 28 },
      data: { values },
      layer: [
        {
          mark: { type: 'bar', cornerRadiusEnd: 3, height: 17 },
          encoding: { y, x: { ...x, field: 'value' }, color: { field: 'colour', type: 'nominal', scale: null } },
        },
        {
          mark: { type: 'rule', color: text, strokeWidth: 1.5 },
          encoding: { y, x: { ...x, field: 'low' }, x2: { field: 'high' } },
        },
        beside('rate', RATE_ENDS, text, true),
        beside('cost', COST_ENDS, quiet, false),
      ],
    },
  ];
}
