import { MODELLED, partsOf, predict, WORKERS } from '../../model.ts';
import { colourOf, type Picture, titleOf, whole } from './picture.ts';
import { palette } from './theme.ts';

export const modelled: Picture = (summary, theme) => {
  const values = MODELLED.flatMap((name) => {
    const parts = partsOf(summary, name);
    if (parts === undefined) return [];
    return WORKERS.map((workers) => {
      const { perSecond } = predict(parts, workers);
      const label = workers === WORKERS.at(-1) ? `${titleOf(name)}: ${whole(perSecond)}` : '';
      return { system: titleOf(name), colour: colourOf(name, theme), workers, perSecond, label };
    });
  });
  if (values.length === 0) return undefined;
  const { text } = palette[theme];
  const x = { field: 'workers', type: 'ordinal', title: 'workers, a core for each', axis: { labelAngle: 0 } } as const;
  const y = {
    field: 'perSecond',
    type: 'quantitative' as const,
    scale: { type: 'log' as const },
    title: 'both axes logarithmic',
    axis: { values: [1e3, 1e4, 1e5, 1e6, 1e7], format: ',.0f' },
  };
  return {
    title: {
      text: 'Model: new connections per second, at most',
      subtitle: ['computed from the measured cost of a connection, not measured;', 'what it leaves out is in the text'],
    },
    width: 440,
    height: 240,
    data: { values },
    layer: [
      {
        mark: { type: 'line', point: { size: 60, filled: true }, strokeWidth: 2.5 },
        encoding: { x, y, color: { field: 'colour', type: 'nominal', scale: null } },
      },
      {
        mark: { type: 'text', align: 'right', dx: 4, dy: -16, color: text, fontWeight: 'bold' },
        encoding: { x, y, text: { field: 'label', type: 'nominal' } },
      },
    ],
  };
};
