import { axes, type Axis, type Figure } from '../../growth/figures.ts';
import { growth } from '../../scenarios/growth.ts';
import { pointsOf } from '../growth.ts';
import { colourOf, inOrder, type Picture, titleOf } from './picture.ts';

const SHOWN = ['ready', 'reload', 'memory', 'idle', 'request', 'connection'];

/** A small chart for each figure, over the number of workers. */
export const grown: Picture = (summary, theme) => {
  const names = inOrder(summary.scenarios[growth.name]).map(([name]) => name);
  const [byWorkers] = axes as readonly [Axis, ...Axis[]];
  const figures = byWorkers.figures.filter(({ key }) => SHOWN.includes(key));
  const values = names.flatMap((name) =>
    figures.flatMap((figure: Figure) =>
      pointsOf(summary, name, byWorkers, figure).map(({ x, y }) => ({
        system: titleOf(name),
        colour: colourOf(name, theme),
        figure: figure.title,
        workers: x,
        value: y,
      })),
    ),
  );
  if (values.length === 0) return undefined;
  const domain = names.map(titleOf);
  return {
    title: {
      text: 'How costs grow with the number of workers',
      subtitle: ['one round; a straight line is linear growth'],
    },
    data: { values },
    facet: { field: 'figure', type: 'nominal', title: null, sort: figures.map(({ title }) => title) },
    columns: 2,
    resolve: { scale: { y: 'independent' } },
    spec: {
      width: 190,
      height: 110,
      mark: { type: 'line', point: { size: 40, filled: true }, strokeWidth: 2 },
      encoding: {
        x: { field: 'workers', type: 'quantitative', title: 'workers', axis: { tickCount: 4 } },
        y: { field: 'value', type: 'quantitative', title: null, scale: { zero: true }, axis: { tickCount: 3 } },
        color: {
          field: 'system',
          type: 'nominal',
          scale: { domain, range: names.map((name) => colourOf(name, theme)) },
          legend: { title: null, orient: 'bottom' },
        },
      },
    },
  };
};
