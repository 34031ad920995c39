/** A scenario's table, for the terminal and for a page. */

import type { Scenario } from '../scenario.ts';
import type { Summary, SystemSummary } from '../summary.ts';
import type { System } from '../system.ts';
import { type Cell, cell, headings, ratioCell } from './cells.ts';

export interface Table {
  readonly headings: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  /** `title: why` of those that are here and took no part, and of what failed. */
  readonly notes: readonly string[];
}

export function tableOf(
  scenario: Scenario,
  summary: Summary,
  systems: readonly System[],
  references: readonly string[],
): Table | undefined {
  const measured = summary.scenarios[scenario.name];
  if (measured === undefined) return undefined;
  const shown = systems.filter(({ name }) => measured[name] !== undefined);
  const to = references.filter((name) => measured[name] !== undefined);
  const name = (text: string): Cell => ({ median: text, range: '' });
  return {
    headings: ['', ...headings(scenario.columns, to)],
    rows: shown.map((system) => [name(system.title), ...cells(scenario, measured[system.name]!, to)]),
    notes: notesOf(scenario, summary, systems),
  };
}

function cells({ columns }: Scenario, { figures, ratios }: SystemSummary, references: readonly string[]): Cell[] {
  return columns.flatMap(({ key, digits, ratio }) => [
    cell(figures[key], digits),
    ...(ratio === true ? references.map((reference) => ratioCell(ratios[reference]?.[key])) : []),
  ]);
}

function notesOf(scenario: Scenario, { missing }: Summary, systems: readonly System[]): string[] {
  const title = (name: string): string => systems.find((system) => system.name === name)?.title ?? name;
  const here = missing.filter((one) => one.scenario === scenario.name);
  return [...new Set(here.map(({ system, why, failed }) => `${title(system)}: ${failed ? 'failed, ' : ''}${why}`))];
}

/** Characters, of which none here is more than one place wide. */
const shownLength = (text: string): number => Array.from(text).length;

/** Aligned, with the range after the median. */
export function forTerminal({ headings: titles, rows, notes }: Table): string {
  const text = ({ median, range }: Cell): string => (range === '' ? median : `${median} (${range})`);
  const lines = [titles.map((title) => title), ...rows.map((row) => row.map(text))];
  const widths = titles.map((_, column) => Math.max(...lines.map((line) => shownLength(line[column] ?? ''))));
  const pad = (word: string, column: number): string => {
    const blanks = ' '.repeat((widths[column] ?? 0) - shownLength(word));
    return column === 0 ? word + blanks : blanks + word;
  };
  return [
    ...lines.map((line) => `  ${line.map(pad).join('  ')}`),
    ...notes.map((note) => `  – ${note.split('\n')[0]}`),
  ].join('\n');
}

export function forPage({ headings: titles, rows, notes }: Table): string {
  const text = ({ median, range }: Cell): string => (range === '' ? median : `${median}<br><sub>${range}</sub>`);
  const line = (words: readonly string[]): string => `| ${words.join(' | ')} |`;
  const rule = line(titles.map((_, column) => (column === 0 ? '---' : '--:')));
  const skipped = notes.length === 0 ? [] : ['', `Not in it: ${notes.map((note) => note.split('\n')[0]).join('; ')}.`];
  return [line(titles), rule, ...rows.map((row) => line(row.map(text))), ...skipped].join('\n');
}
