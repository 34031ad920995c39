/** Computes what a terminal must be sent to turn one screen into the next. This module is pure. */

const ESC = '\u001B';

export function repaint(before: readonly string[], lines: readonly string[]): string {
  const changes = lines.flatMap((line, nth) => (line === before[nth] ? [] : `${at(nth)}${line}${ESC}[K`));
  // Everything below the last line is erased at once.
  const rest = lines.length < before.length ? [`${at(lines.length)}${ESC}[J`] : [];
  return [...changes, ...rest].join('');
}

/** Rows count from 1. */
function at(row: number): string {
  return `${ESC}[${row + 1};1H`;
}
