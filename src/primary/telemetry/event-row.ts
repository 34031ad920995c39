import type { Totals } from '../../metrics/totals.ts';
import type { ChannelMessages } from './channel-messages.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogValue = string | number | undefined;
export type LogFields = Readonly<Record<string, LogValue>>;

/** What becomes of an event when it is told. `Facts`: what whoever tells of it knows. */
export interface EventRow<Facts> {
  /** The level of the log line; undefined: the event has no line. */
  readonly level?: LogLevel | ((facts: Facts) => LogLevel);
  /** The line's words, where they are not the name of the event. */
  readonly text?: (facts: Facts) => string;
  /** What follows them, in this order: `name=value`, or nothing where the value is undefined. */
  readonly fields?: Readonly<Record<string, (facts: Facts) => LogValue>>;
  /** Where it is published; what is published is in the history that the dashboard shows, too. */
  readonly channel?: Channel<Facts>;
  /** What it adds to the counters of `/metrics`. */
  readonly count?: (facts: Facts, totals: Pick<Totals, 'exited'>) => void;
  /** For docs/events.md: what has happened, and what to do about it where there is something to do. */
  readonly means: string;
}

export type Channel<Facts> = {
  readonly [Name in keyof ChannelMessages]: {
    readonly name: Name;
    readonly message: {
      readonly [Field in keyof ChannelMessages[Name]]-?: (facts: Facts) => ChannelMessages[Name][Field];
    };
  };
}[keyof ChannelMessages];

/** What a channel has been told. */
export type ChannelEvent = {
  readonly [Name in keyof ChannelMessages]: { readonly name: Name; readonly message: ChannelMessages[Name] };
}[keyof ChannelMessages];
