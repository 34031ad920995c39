import { partsOf, predict, WORKERS } from '../../model.ts';
import { OURS } from '../../systems/index.ts';
import { type Picture, titleOf } from './picture.ts';
import { palette } from './theme.ts';

export const modelled: Picture = (summary, theme) => {
  const names = [OURS, 'cluster', 'pm2'];
  const values = names.flatMap((name) => {
    const parts = partsOf(summary, name);
    return parts === undefined ? [] : WORKERS.map((workers) => ({ system: titleOf(name), ...predict(parts, workers) }));
  });
  if (values.length === 0) return undefined;
  return {
    title: {
      text: 'Model: connections per second at most, a core for each worker',
      subtitle: 'computed from the measured cost of one connection, not measured; what it leaves out is in the text',
    },
    width: 480,
    height: 280,
    data: { values },
    mark: { type: 'line', point: { size: 36 }, strokeWidth: 2 },
    encoding: {
      x: { field: 'workers', type: 'ordinal', title: 'workers', axis: { labelAngle: 0 } },
      y: {
        field: 'perSecond',
        type: 'quantitative',
        scale: { type: 'log' },
        title: 'connections/s, logarithmic',
        axis: { tickCount: 6 },
      },
      color: {
        field: 'system',
        type: 'nominal',
        sort: names.map(titleOf),
        scale: {
          domain: names.map(titleOf),
          range: [palette[theme].lines[0], palette[theme].lines[2], palette[theme].lines[3]],
        },
      },
    },
  };
};
