/** What the blocks of a page are made of. */

import type { Summary } from '../summary.ts';

/** Undefined when the run has no figures for it. */
export type Block = (summary: Summary) => string | undefined;

export const line = (words: readonly string[]): string => `| ${words.join(' | ')} |`;
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map((_, index) => (index === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n');

export const withRange = ({ median, range }: { median: string; range: string }): string =>
  range === '' ? median : `${median} (${range})`;
