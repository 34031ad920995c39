import { LOSSES } from '../../load/client.ts';
import { inOrder, type Picture, titleOf, whole } from './picture.ts';
import { LABELS, palette } from './theme.ts';

const sum = (values: readonly number[] = []): number => values.reduce((total, value) => total + value, 0);

/** Of all rounds together: how many requests a reload has lost, by how they were lost. */
export const reload: Picture = (summary, theme) => {
  const measured = inOrder(summary.scenarios['reload']);
  if (measured.length === 0) return undefined;
  const { text, quiet, losses } = palette[theme];
  const rows = measured.map(([name, { figures }]) => {
    const [lost, reloads] = [sum(figures['lost']?.values), sum(figures['events']?.values)];
    return { name, figures, system: titleOf(name), each: lost / reloads, lost, reloads };
  });
  const values = rows.flatMap(({ system, figures, reloads }) =>
    LOSSES.map((loss, order) => ({ system, loss, order, each: sum(figures[loss]?.values) / reloads })),
  );
  const seen = LOSSES.filter((loss) => values.some((value) => value.loss === loss && value.each > 0));
  const order = rows.toSorted((a, b) => a.each - b.each).map(({ system }) => system);
  const labels = rows.map(({ system, each, lost, reloads }) => ({
    system,
    each,
    label: lost === 0 ? 'none' : each.toFixed(1),
    of: `${whole(lost)} in ${whole(reloads)}`,
  }));
  const y = {
    field: 'system',
    type: 'nominal',
    sort: order,
    title: null,
    axis: { labelColor: text, minExtent: LABELS },
  } as const;
  const x = { type: 'quantitative', title: null, axis: { tickCount: 4 } } as const;
  return {
    title: {
      text: 'Requests lost by a reload',
      subtitle: [
        `${summary.workers} workers, 32 kept and 32 new connections, always busy; mean of all reloads`,
        'at the right: lost, in so many reloads',
      ],
    },
    width: 225,
    height: { step: 32 },
    layer: [
      {
        data: { values: values.filter(({ each }) => each > 0) },
        mark: { type: 'bar', height: 18 },
        encoding: {
          y,
          x: { ...x, field: 'each', stack: 'zero' },
          order: { field: 'order' },
          ...(seen.length === 0
            ? {}
            : {
                color: {
                  field: 'loss',
                  type: 'nominal' as const,
                  scale: { domain: [...seen], range: seen.map((loss) => losses[LOSSES.indexOf(loss)]!) },
                },
              }),
        },
      },
      {
        data: { values: labels },
        mark: { type: 'text', align: 'left', dx: 6, color: text, fontWeight: 'bold' },
        encoding: { y, x: { ...x, field: 'each' }, text: { field: 'label', type: 'nominal' } },
      },
      {
        data: { values: labels },
        mark: { type: 'text', align: 'right', x: 350, color: quiet },
        encoding: { y, text: { field: 'of', type: 'nominal' } },
      },
    ],
  };
};
