/** Puts an event into the words of its row. The functions are pure. */
import { eventTable, type EventFacts, type EventName } from './event-table.ts';
import type { ChannelEvent, EventRow, LogFields, LogLevel } from './event-row.ts';

export type ToldEvent = {
  readonly [Name in EventName]: { readonly name: Name; readonly facts: EventFacts[Name] };
}[EventName];

export interface Line {
  readonly level: LogLevel;
  readonly text: string;
  readonly fields: LogFields;
  /** The fields as they may be kept, where some are secrets. */
  readonly keptFields?: LogFields;
}

/** The value that a secret has in a line that is kept. */
const HIDDEN = 'hidden';

/** @returns undefined for an event that has no line. */
export function lineOf({ name, facts }: ToldEvent): Line | undefined {
  const { level, text, fields: valueOf = {}, secrets } = rowOf(name);
  if (level === undefined) return undefined;
  const fields = valuesOf(valueOf, facts) as LogFields;
  return {
    level: typeof level === 'function' ? level(facts) : level,
    text: text === undefined ? name : text(facts),
    fields,
    ...(secrets && { keptFields: withHidden(fields, secrets) }),
  };
}

function withHidden(fields: LogFields, secrets: readonly string[]): LogFields {
  const known = secrets.filter((name) => fields[name] !== undefined);
  return { ...fields, ...Object.fromEntries(known.map((name) => [name, HIDDEN])) };
}

/** @returns undefined for an event that is not published. */
export function messageOf({ name, facts }: ToldEvent): ChannelEvent | undefined {
  const { channel } = rowOf(name);
  return channel && ({ name: channel.name, message: valuesOf(channel.message, facts) } as ChannelEvent);
}

/** The row of an event whose name the compiler does not know takes the facts of that event. */
export function rowOf(name: EventName): EventRow<unknown> {
  return eventTable[name] as EventRow<unknown>;
}

function valuesOf(
  fields: Readonly<Record<string, (facts: unknown) => unknown>>,
  facts: unknown,
): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([field, valueOf]) => [field, valueOf(facts)]));
}
