/** Writes the table of events for people: docs/events.md, and the channels in docs/metrics.md. */
import { eventTable } from './event-table.ts';
import type { ChannelMessages } from './channel-messages.ts';
import { rowOf } from './told.ts';
import { keysOf } from '../../contract/tables.ts';

export interface ChannelRow {
  readonly name: keyof ChannelMessages;
  readonly fields: readonly string[];
  /** The meaning of each event that is published there. */
  readonly means: readonly string[];
}

/** Returns the channels in the order of the table. Several events may have one channel. */
export function channelRows(): ChannelRow[] {
  const rows = new Map<keyof ChannelMessages, ChannelRow>();
  for (const name of keysOf(eventTable)) {
    const { channel, means } = rowOf(name);
    if (channel === undefined) continue;
    const before = rows.get(channel.name)?.means ?? [];
    rows.set(channel.name, { name: channel.name, fields: Object.keys(channel.message), means: [...before, means] });
  }
  return [...rows.values()];
}

export function channelsMarkdown(): string {
  const rows = channelRows().map(({ name, fields, means }) =>
    row([`\`prefork:${name}\``, means.join(' Or: '), code(fields)]),
  );
  return `| Channel | When | Fields of its message |\n| --- | --- | --- |\n${rows.join('')}`;
}

export function eventsMarkdown(): string {
  const rows = keysOf(eventTable).flatMap((name) => {
    const { level, fields = {}, channel, means, text } = rowOf(name);
    if (level === undefined) return [];
    const line = text === undefined ? name : `<operation> ${name.slice(name.indexOf(' ') + 1)}`;
    const levels = typeof level === 'function' ? 'info, warn' : level;
    return row([`\`${line}\``, levels, code(Object.keys(fields)), means, channel ? `\`prefork:${channel.name}\`` : '']);
  });
  return `| Line | Level | Fields | Meaning | Channel |\n| --- | --- | --- | --- | --- |\n${rows.join('')}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
