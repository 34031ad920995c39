/** How costs grow, as tables: the figures by size, and what was fitted to them. */

import { type Fit, fit, type Point } from '../growth/fit.ts';
import { type Axis, axes, type Figure, keyOf } from '../growth/figures.ts';
import { growth } from '../scenarios/growth.ts';
import type { Summary } from '../summary.ts';
import { systems } from '../systems/index.ts';
import { type Block, table } from './markdown.ts';

const number = (value: number | undefined, digits: number): string =>
  value === undefined ? '–' : value.toLocaleString('en-US', { maximumFractionDigits: digits });

/** The systems that took part, as the tables order them. */
const measured = ({ scenarios }: Summary): { name: string; title: string }[] =>
  systems.filter(({ name }) => scenarios[growth.name]?.[name] !== undefined);

export function pointsOf({ scenarios }: Summary, system: string, axis: Axis, figure: Figure): Point[] {
  const figures = scenarios[growth.name]?.[system]?.figures ?? {};
  return axis.sizes.flatMap((size) => {
    if (size < (figure.least ?? 0)) return [];
    const y = figures[keyOf(axis.name, size, figure.key)]?.median;
    return y === undefined ? [] : [{ x: size, y }];
  });
}

/** A table for each axis: a row for each size, and of each figure a column for each system. */
export const growthTables: Block = (summary) => {
  const here = measured(summary);
  if (here.length === 0) return undefined;
  const tables = axes.map((axis) => {
    const heads = axis.figures.flatMap(({ title }) => here.map(({ name }) => `${title}, ${name}`));
    const rows = axis.sizes.map((size) => [
      number(size, 0),
      ...axis.figures.flatMap((figure) =>
        here.map(({ name }) =>
          number(pointsOf(summary, name, axis, figure).find(({ x }) => x === size)?.y, figure.digits),
        ),
      ),
    ]);
    return table(
      [axis.title, ...heads],
      rows.filter((row) => row.some((cell, nth) => nth > 0 && cell !== '–')),
    );
  });
  return [`${growth.what} One round.`, ...tables].join('\n\n');
};

/** What of it grows, and how. */
export const growthFits: Block = (summary) => {
  const here = measured(summary);
  if (here.length === 0) return undefined;
  const rows = axes.flatMap((axis) =>
    axis.figures.map((figure) => [
      `${figure.title}, by ${axis.title}`,
      ...here.map(({ name }) => words(fit(pointsOf(summary, name, axis, figure)), axis, figure)),
    ]),
  );
  return table(['', ...here.map(({ title }) => title)], rows);
};

function words(found: Fit | undefined, { title }: Axis, { digits }: Figure): string {
  if (found === undefined) return 'too few sizes';
  const { growth: how, base, slope, exponent } = found;
  const small = (value: number): string => number(value, value === 0 || value >= 10 ** -digits ? digits : 5);
  if (how === 'constant') return `constant: ${small(base)}`;
  const power = exponent === 1 ? title : `${title}^${exponent.toFixed(2)}`;
  return `${how}: ${small(base)} + ${small(slope)} × ${power}`;
}
