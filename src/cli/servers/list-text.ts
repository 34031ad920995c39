/** The text that `prefork list` prints. The module is pure, so that tests can compare text. */
import { homedir } from 'node:os';
import { duration } from '../../format/duration.ts';
import { size } from '../../format/figures.ts';
import { plain, type Color, type Colorize } from '../colors.ts';
import { layTable, type Column } from '../table.ts';
import type { ServerFigures } from './server-figures.ts';
import type { Surveyed } from './survey.ts';

export type ListedServer = Surveyed<ServerFigures>;

const NO_ANSWER = 'no answer';

const columns: readonly Column[] = [
  { title: 'name' },
  { title: 'user' },
  { title: 'pid', align: 'right' },
  { title: 'state' },
  { title: 'workers', align: 'right' },
  { title: 'mem', align: 'right' },
  { title: 'up', align: 'right' },
  { title: 'address' },
  { title: 'directory' },
];

/** The width of a cell whose text another process has chosen. */
const WIDEST = 60;

/**
 * Formats the list as a table, with a line for each server that did not answer below it. The column of the user is there when there are servers of
 * others.
 */
export function listText(servers: readonly ListedServer[], color: Colorize = plain, home: string = homedir()): string {
  const hasOthers = servers.some(({ server }) => server.owner !== undefined);
  const isShown = ({ title }: Column): boolean => title !== 'user' || hasOthers;
  const shown = columns.filter(isShown);
  const rows = servers.map((one) => cellsOf(one, home).filter((_, at) => isShown(columns[at]!)));
  const colorOf = (row: number, column: number): Color | undefined => {
    if (row === -1) return 'bold';
    const { answer: figures } = servers[row]!;
    const { title } = shown[column]!;
    if (title === 'state') return stateColor(figures?.state);
    const isShort = figures !== undefined && figures.workers.serving < figures.workers.wanted;
    return title === 'workers' && isShort ? 'yellow' : undefined;
  };
  const table = layTable(shown, rows, (text, row, column) => {
    const chosen = colorOf(row, column);
    return chosen === undefined ? text : color(chosen, text);
  });
  const notes = servers.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  return `${[...table, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')}\n`;
}

function stateColor(state: string | undefined): Color {
  if (state === undefined) return 'red';
  return state === 'serving' ? 'green' : 'yellow';
}

function cellsOf({ server, answer: figures }: ListedServer, home: string): string[] {
  const { name, owner } = server;
  const user = owner === undefined ? '-' : `uid ${owner.uid}`;
  if (figures === undefined) return [narrow(name), user, '-', NO_ANSWER, '-', '-', '-', '-', '-'];
  const { pid, state, workers, memory, uptime, addresses, directory } = figures;
  const [address = '-', ...more] = addresses;
  return [
    narrow(name),
    user,
    String(pid),
    narrow(state),
    `${workers.serving}/${workers.wanted}`,
    size(memory),
    duration(uptime),
    narrow(more.length === 0 ? address : `${address} +${more.length}`),
    narrow(directory === home || directory.startsWith(`${home}/`) ? `~${directory.slice(home.length)}` : directory) ||
      '-',
  ];
}

/** Keeps the end, which tells more of a path than its beginning. */
function narrow(text: string): string {
  return text.length <= WIDEST ? text : `…${text.slice(1 - WIDEST)}`;
}

/** The list as `prefork list --json` prints it: see docs/control.md. */
export function listJson(servers: readonly ListedServer[]): string {
  const list = servers.map(({ server: { name, owner }, answer, reason }) => ({
    name,
    uid: owner?.uid ?? null,
    ...(answer ?? { state: NO_ANSWER, reason }),
  }));
  return `${JSON.stringify({ version: 1, servers: list }, undefined, 2)}\n`;
}
