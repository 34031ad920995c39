export interface Column {
  readonly title: string;
  /** Numbers align at their ends. @default 'left' */
  readonly align?: 'left' | 'right';
}

/** Adds colour to a cell that is already as wide as its column. */
export type Paint = (text: string, row: number, column: number) => string;

/** Lays out aligned cells, the titles first (row -1). The table is as narrow as its content. */
export function layTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  paint: Paint = (text) => text,
): string[] {
  const titles = columns.map(({ title }) => title);
  const widths = columns.map((_, at) => Math.max(...[titles, ...rows].map((cells) => cells[at]!.length)));
  return [titles, ...rows].map((cells, row) => {
    const padded = cells.map((cell, at) => {
      const text = columns[at]!.align === 'right' ? cell.padStart(widths[at]!) : cell.padEnd(widths[at]!);
      return paint(text, row - 1, at);
    });
    return padded.join(' ').trimEnd();
  });
}
