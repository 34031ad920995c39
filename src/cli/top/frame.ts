/** Makes the lines on the screen from the history, the user's view and the room there is. This module is pure. */
import type { CanaryStatus, Status } from '../../control/controls.ts';
import { autoscaleLine } from '../../format/autoscale.ts';
import { comparisonCells, verdictOf } from '../../format/comparison.ts';
import { duration } from '../../format/duration.ts';
import { printable } from '../../format/printable.ts';
import { count, percent, size } from '../../format/figures.ts';
import { sorted } from './columns.ts';
import { sumOf, type History, type Row, type Sample } from './history.ts';
import { keyHelp } from './keys.ts';
import { sparkline } from './sparkline.ts';
import { tableOf, type Style } from './table.ts';
import type { View } from './view.ts';

/** The size of a terminal. */
export interface Room {
  readonly columns: number;
  readonly rows: number;
}

export interface Frame {
  readonly lines: readonly string[];
  /** The index of the first visible row. It is limited so that the last page is full. */
  readonly offset: number;
  readonly page: number;
}

/** A line above or below the table. In a terminal that is too short, the lines with the lowest rank go. */
interface Line {
  readonly text: string;
  readonly rank: number;
}

/** The titles, and the rows that even the shortest terminal keeps. */
const TITLES = 1;
const FEWEST_ROWS = 2;

/**
 * Lays out one frame.
 *
 * @param message one line that says what happened last, or what is wrong.
 */
export function frameOf(history: History, view: View, message: string, room: Room, style: Style): Frame {
  if (view.isHelp) return { lines: helpLines(room, style), offset: view.offset, page: 1 };
  const { sample, rows } = history;
  const note = fit(message || (sample === undefined ? 'waiting for the server' : noteOf(sample.status)), room.columns);
  const canary = canaryLines(sample?.status.canary, room.columns, style);
  const above = [...headLines(history, room, style), { text: note, rank: note === '' ? 0 : 3 }, ...canary];
  const free = room.rows - TITLES - Math.min(FEWEST_ROWS, rows.length);
  const kept = keep([...above, { text: '', rank: 1 }], free);
  const hasKeys = kept.at(-1)?.rank === 1;
  const page = Math.max(0, Math.min(rows.length, room.rows - TITLES - kept.length));
  const offset = Math.max(0, Math.min(view.offset, rows.length - page));
  const shown = sorted(rows, view.sort, view.isReversed).slice(offset, offset + page);
  const lines = [
    ...kept.slice(0, hasKeys ? -1 : undefined).map(({ text }) => text),
    ...tableOf(rows, shown, room.columns, style),
    ...(hasKeys ? [fit(`${positionOf(offset, page, rows.length)}${keyLine(view)}`, room.columns)] : []),
  ];
  return { lines: lines.slice(0, Math.max(0, room.rows)), offset, page };
}

/** Shows all rows, for output that is not a terminal and cannot scroll. */
export function plainFrame(history: History, columns: number, style: Style): string {
  const room = { columns, rows: Infinity };
  const notes = history.sample === undefined ? [] : [noteOf(history.sample.status)].filter((note) => note !== '');
  const head = headLines(history, room, style).map(({ text }) => text);
  const canary = canaryLines(history.sample?.status.canary, columns, style).map(({ text }) => text);
  return [...head, ...notes, ...canary, ...tableOf(history.rows, history.rows, columns, style), '', ''].join('\n');
}

function headLines(history: History, { columns }: Room, { color, sparks }: Style): Line[] {
  const { sample, rows, trail } = history;
  if (sample === undefined) return [];
  const { name, pid, generation, phase, uptime, addresses, workers } = sample.status;
  const place = addresses.join(',') || '-';
  const first = fit(`${name} pid=${pid} gen=${generation} ${phase} up=${duration(uptime)} ${place}`, columns);
  const sum = (of: Parameters<typeof sumOf>[1]): number | undefined => sumOf(rows, of);
  const figures = [
    `${workers.serving} of ${workers.wanted} workers serve`,
    total('req/s', trail.at(-1), (rate) => count(Math.round(rate))),
    total('conns', sum(openOf), count),
    total('cpu', sum(cpuOf), percent),
    total('mem', sum(memoryOf), size),
  ];
  const second = fit(figures.join('  '), columns);
  const line = sparkline(trail, Math.min(20, columns - second.length - 2), Math.max(...trail), sparks);
  return [
    { text: color('bold', first.slice(0, name.length)) + first.slice(name.length), rank: 4 },
    { text: line === '' ? second : `${second}  ${line}`, rank: 2 },
    ...autoscaleLines(sample, columns),
  ];
}

/** An older primary does not know of autoscaling. */
function autoscaleLines({ status: { autoscale, startedAt, uptime } }: Sample, columns: number): Line[] {
  // The clock of the primary is the one that the times are of.
  const now = Date.parse(startedAt) + uptime;
  return autoscale ? [{ text: fit(autoscaleLine(autoscale, now), columns), rank: 2 }] : [];
}

const openOf = ({ worker }: Row): number | undefined => worker?.vitals?.connectionsOpen;
const cpuOf = ({ cpu }: Row): number | undefined => cpu;
const memoryOf = ({ worker }: Row): number | undefined => worker?.vitals?.rss;

function total(title: string, value: number | undefined, show: (value: number) => string): string {
  return `${title} ${value === undefined ? '-' : show(value)}`;
}

/** Says which operation runs, or which one failed last. */
function noteOf({ operation, phase, reloads: { last } }: Status): string {
  if (operation !== null) return `${operation} in progress`;
  if (phase === 'stopping') return 'stopping';
  return last?.outcome === 'failed' ? `last reload (gen ${last.generation}) failed: ${last.reason ?? ''}` : '';
}

/**
 * Lays out the two generations side by side. In a short terminal the figures go first, and what is worse stays longest.
 *
 * @param canary undefined of an older server, too.
 */
function canaryLines(canary: CanaryStatus | null | undefined, columns: number, { color }: Style): Line[] {
  if (!canary) return [];
  const { slots, elapsed, verdict, reasons, table } = canary;
  const words = `gen ${canary.canary} beside gen ${canary.baseline} in ${slots.length} of the slots for ${duration(elapsed)} of ${duration(canary.total)}: ${verdictOf(verdict)}  p promote  b roll back`;
  const titles = ['', `gen ${canary.baseline}`, `gen ${canary.canary}`, 'at most', ''];
  const cells = [titles, ...table.map(comparisonCells)];
  const widths = titles.map((_, nth) => Math.max(...cells.map((row) => row[nth]!.length)));
  const texts = cells.map((row) =>
    row
      .map((cell, nth) => (nth === 0 || nth === 4 ? cell.padEnd(widths[nth]!) : cell.padStart(widths[nth]!)))
      .join('  '),
  );
  return [
    { text: color('bold', fit(words, columns)), rank: 3.5 },
    ...reasons.map((reason) => ({ text: color('yellow', fit(reason, columns)), rank: 1.4 })),
    ...texts.map((text, nth) => {
      const line = fit(text.trimEnd(), columns);
      const isWorse = table[nth - 1]?.verdict === 'worse';
      return { text: isWorse ? color('red', line) : line, rank: isWorse ? 1.5 : 1.1 };
    }),
    { text: '', rank: 0.5 },
  ];
}

/** Keeps as many lines as fit, in their order. */
function keep(lines: readonly Line[], room: number): readonly Line[] {
  let kept = lines;
  while (kept.length > Math.max(0, room)) {
    const least = kept.reduce((one, other) => (other.rank < one.rank ? other : one));
    kept = kept.filter((line) => line !== least);
  }
  return kept;
}

function positionOf(offset: number, page: number, all: number): string {
  return page < all ? `rows ${offset + 1}-${offset + page} of ${all} (j k)  ` : '';
}

function keyLine({ sort, isReversed }: View): string {
  return `q quit  r reload  +- scale  s sort:${sort}${isReversed ? ' reversed' : ''}  ? help`;
}

function helpLines({ columns, rows }: Room, { color }: Style): readonly string[] {
  const lines = keyHelp.map(([keys, meaning]) => fit(`  ${keys.padEnd(8)}${meaning}`, columns));
  return [color('bold', fit('Keys', columns)), ...lines, '', fit('Any key goes back.', columns)].slice(0, rows);
}

/** Cuts text to one printable line, because names and reasons come from other processes. */
function fit(text: string, width: number): string {
  return printable(text).slice(0, Math.max(0, width));
}
