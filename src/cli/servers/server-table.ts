/** The table of servers, of which `prefork list` and `prefork top --all` show different columns. This module is pure. */
import { homedir } from 'node:os';
import { duration } from '../../format/duration.ts';
import { size } from '../../format/figures.ts';
import type { Color, Colorize } from '../colors.ts';
import { layTable, type Column } from '../table.ts';
import type { ServerFigures } from './server-figures.ts';
import type { Surveyed } from './survey.ts';

/** A column of what a server answers. */
export interface ServerColumn<Figures> extends Column {
  readonly text: (figures: Figures) => string;
}

/** The state of a server that does not answer. */
export const NO_ANSWER = 'no answer';

/** The width of a cell whose text another process has chosen. */
const WIDEST = 60;

type ColumnName = 'pid' | 'state' | 'workers' | 'memory' | 'uptime' | 'address';

export const columns: Readonly<Record<ColumnName, ServerColumn<ServerFigures>>> = {
  pid: { title: 'pid', align: 'right', text: ({ pid }) => String(pid) },
  state: { title: 'state', text: ({ state }) => narrow(state) },
  workers: { title: 'workers', align: 'right', text: ({ workers }) => `${workers.serving}/${workers.wanted}` },
  memory: { title: 'mem', align: 'right', text: ({ memory }) => size(memory) },
  uptime: { title: 'up', align: 'right', text: ({ uptime }) => duration(uptime) },
  address: { title: 'address', text: ({ addresses }) => addressOf(addresses) },
};

/** The column of the program's directory. */
export function directoryColumn(home: string = homedir()): ServerColumn<ServerFigures> {
  const shortened = (directory: string): string =>
    directory === home || directory.startsWith(`${home}/`) ? `~${directory.slice(home.length)}` : directory;
  return { title: 'directory', text: ({ directory }) => narrow(shortened(directory)) || '-' };
}

/**
 * Lays out a line for each server, the titles first. The name comes before the columns, and the user, where there are servers of others. A
 * server that did not answer has dashes.
 */
export function serverTable<Figures extends ServerFigures>(
  shown: ReadonlyArray<ServerColumn<Figures>>,
  servers: ReadonlyArray<Surveyed<Figures>>,
  color: Colorize,
): string[] {
  const hasOthers = servers.some(({ server }) => server.owner !== undefined);
  const titles: Column[] = [{ title: 'name' }, ...(hasOthers ? [{ title: 'user' }] : []), ...shown];
  const rows = servers.map(({ server: { name, owner }, answer }) => [
    narrow(name),
    ...(hasOthers ? [owner === undefined ? '-' : `uid ${owner.uid}`] : []),
    ...shown.map((column) => (answer === undefined ? unknownText(column) : column.text(answer))),
  ]);
  return layTable(titles, rows, (text, row, column) => {
    const chosen = row === -1 ? 'bold' : colorOf(titles[column]!.title, servers[row]!.answer);
    return chosen === undefined ? text : color(chosen, text);
  });
}

function unknownText({ title }: Column): string {
  return title === columns.state.title ? NO_ANSWER : '-';
}

function colorOf(title: string, figures: ServerFigures | undefined): Color | undefined {
  if (title === columns.state.title) return stateColor(figures?.state);
  const isShort = figures !== undefined && figures.workers.serving < figures.workers.wanted;
  return title === columns.workers.title && isShort ? 'yellow' : undefined;
}

function stateColor(state: string | undefined): Color {
  if (state === undefined) return 'red';
  return state === 'serving' ? 'green' : 'yellow';
}

function addressOf([address = '-', ...more]: readonly string[]): string {
  return narrow(more.length === 0 ? address : `${address} +${more.length}`);
}

/** Keeps the end, which tells more of a path than its beginning. */
function narrow(text: string): string {
  return text.length <= WIDEST ? text : `…${text.slice(1 - WIDEST)}`;
}
