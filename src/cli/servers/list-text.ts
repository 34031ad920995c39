/** The text that `prefork list` prints. The module is pure, so that tests can compare text. */
import { plain, type Colorize } from '../colors.ts';
import type { ServerFigures } from './server-figures.ts';
import { columns, directoryColumn, NO_ANSWER, serverTable } from './server-table.ts';
import type { Surveyed } from './survey.ts';

export type ListedServer = Surveyed<ServerFigures>;

/**
 * Formats the list as a table, with a line for each server that did not answer below it. The column of the user is there when there are servers of
 * others.
 */
export function listText(servers: readonly ListedServer[], color: Colorize = plain, home?: string): string {
  const { pid, state, workers, memory, uptime, address } = columns;
  const shown = [pid, state, workers, memory, uptime, address, directoryColumn(home)];
  const notes = servers.flatMap(({ reason }) => (reason === undefined ? [] : [reason]));
  const table = serverTable(shown, servers, color);
  return `${[...table, ...(notes.length === 0 ? [] : ['', ...notes])].join('\n')}\n`;
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
