/** Makes the lines that `prefork top --all` puts on the screen. This module is pure. */
import { printable } from '../../format/printable.ts';
import type { Action } from '../top/keys.ts';
import type { Room } from '../top/frame.ts';
import type { Colorize } from '../colors.ts';
import { liveTable, type WatchedServer } from './live-figures.ts';

export interface OverviewFrame {
  readonly lines: readonly string[];
  /** The index of the first visible server. It is limited so that the last page is full. */
  readonly offset: number;
  readonly page: number;
}

/**
 * Lays out one frame: the titles, as many servers as fit, why the first silent one is silent, and the keys.
 *
 * @param servers undefined before the first look has ended.
 */
export function overviewFrame(
  servers: readonly WatchedServer[] | undefined,
  offset: number,
  { columns, rows }: Room,
  color: Colorize,
): OverviewFrame {
  const [titles, ...table] = liveTable(servers ?? [], color);
  const page = Math.max(0, Math.min(table.length, rows - 3));
  const first = Math.max(0, Math.min(offset, table.length - page));
  const place = page < table.length ? `servers ${first + 1}-${first + page} of ${table.length} (j k)  ` : '';
  const lines = [
    table.length === 0 ? '' : titles!,
    ...table.slice(first, first + page),
    fit(noteOf(servers), columns),
    fit(`${place}q quit`, columns),
  ];
  return { lines: lines.slice(-rows), offset: first, page };
}

/** Shows all servers, for output that is not a terminal and cannot scroll. */
export function overviewText(servers: readonly WatchedServer[], color: Colorize): string {
  const table = servers.length === 0 ? [] : liveTable(servers, color);
  return [...table, noteOf(servers)]
    .filter((line) => line !== '')
    .concat('', '')
    .join('\n');
}

function noteOf(servers: readonly WatchedServer[] | undefined): string {
  if (servers === undefined) return 'waiting for the servers';
  if (servers.length === 0) return 'no server is running';
  return servers.find(({ reason }) => reason !== undefined)?.reason ?? '';
}

/** Cuts text to one printable line, because names and reasons come from other processes. */
function fit(text: string, width: number): string {
  return printable(text).slice(0, Math.max(0, width));
}

/** Moves the first visible server. The frame limits it. */
export function scrolled(offset: number, action: Action, page: number): number {
  const by: Partial<Record<Action, number>> = { up: -1, down: 1, 'page-up': -page, 'page-down': page };
  if (action === 'first') return 0;
  if (action === 'last') return Number.MAX_SAFE_INTEGER;
  return Math.max(0, offset + (by[action] ?? 0));
}
