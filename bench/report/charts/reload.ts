import { LOSSES } from '../../load/client.ts';
import { inOrder, type Picture, titleOf } from './picture.ts';

const lossColours = ['#cf222e', '#fb8f44', '#d4a72c', '#8250df', '#6e7781', '#bf3989'];

/** Of all rounds together: how many requests a reload has lost, by how they were lost. */
export const reload: Picture = (summary) => {
  const measured = inOrder(summary.scenarios['reload']);
  if (measured.length === 0) return undefined;
  const sum = (values: readonly number[] = []): number => values.reduce((total, value) => total + value, 0);
  const values = measured.flatMap(([name, { figures }]) =>
    LOSSES.map((loss) => ({
      system: `${titleOf(name)}, ${sum(figures['events']?.values)} reloads`,
      loss,
      each: sum(figures[loss]?.values) / sum(figures['events']?.values),
      all: sum(figures['lost']?.values) / sum(figures['events']?.values),
    })),
  );
  return {
    title: {
      text: 'Requests lost by a reload under load',
      subtitle: `${summary.workers} workers, 32 kept and 32 new connections; mean of all reloads`,
    },
    width: 480,
    height: { step: 30 },
    data: { values },
    mark: { type: 'bar' },
    encoding: {
      y: { field: 'system', type: 'nominal', sort: { field: 'all', op: 'max', order: 'ascending' }, title: null },
      x: { field: 'each', type: 'quantitative', title: 'requests lost, each reload' },
      color: {
        field: 'loss',
        type: 'nominal',
        sort: [...LOSSES],
        scale: { domain: [...LOSSES], range: lossColours },
        legend: { columns: 6 },
      },
    },
  };
};
