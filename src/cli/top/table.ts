/** Lays out the table of workers in the width there is. This module is pure. */
import type { Color, Colorize } from '../colors.ts';
import { stateColors } from '../status-text.ts';
import { cellOf, knownColumns, type TopColumn } from './columns.ts';
import type { Row } from './history.ts';
import { sparkline, type Sparks } from './sparkline.ts';

/** A shorter line would say nothing. */
const SHORTEST_SPARKLINE = 6;

export interface Style {
  readonly color: Colorize;
  readonly sparks: Sparks;
}

interface PlacedColumn {
  readonly column: TopColumn;
  readonly width: number;
}

/**
 * Lays out the table.
 *
 * @param all all rows, even those that are not shown, so that columns keep their width while the user scrolls.
 * @returns the titles, and a line for each row of `shown`.
 */
export function tableOf(
  all: readonly Row[],
  shown: readonly Row[],
  width: number,
  { color, sparks }: Style,
): readonly string[] {
  const columns = placed(all, width);
  const rest = width - widthOf(columns) - 1;
  const sparkWidth = rest < SHORTEST_SPARKLINE ? 0 : rest;
  const most = Math.max(...all.flatMap(({ trail }) => trail.slice(-sparkWidth)));
  const titles = columns.map(({ column, width: own }) => pad(column, column.title, own)).join(' ');
  return [
    color('bold', titles.trimEnd()),
    ...shown.map((row) => {
      const cells = columns.map((one) => cell(one, row, color));
      if (sparkWidth > 0) cells.push(sparkline(row.trail, sparkWidth, most, sparks));
      return cells.join(' ').trimEnd();
    }),
  ];
}

/** Chooses the columns that fit. Those with the lowest rank go first, and the last one is cut. */
function placed(rows: readonly Row[], width: number): PlacedColumn[] {
  let columns = knownColumns(rows).map((column) => ({ column, width: contentWidth(column, rows) }));
  while (columns.length > 1 && widthOf(columns) > width) {
    const least = Math.min(...columns.map(({ column }) => column.rank));
    columns = columns.filter(({ column }) => column.rank !== least);
  }
  return columns.map(({ column, width: own }) => ({ column, width: Math.min(own, width) }));
}

function contentWidth(column: TopColumn, rows: readonly Row[]): number {
  return Math.max(column.width, column.title.length, ...rows.map((row) => cellOf(column, row).length));
}

function widthOf(columns: readonly PlacedColumn[]): number {
  return columns.reduce((sum, { width }) => sum + width + 1, -1);
}

function cell({ column, width }: PlacedColumn, row: Row, color: Colorize): string {
  const text = pad(column, cellOf(column, row), width);
  if (column.title !== 'state') return text;
  return color((stateColors as Readonly<Record<string, Color>>)[row.state] ?? 'yellow', text);
}

function pad({ align }: TopColumn, text: string, width: number): string {
  const cut = text.slice(0, width);
  return align === 'right' ? cut.padStart(width) : cut.padEnd(width);
}
