import type { Totals } from '../../metrics/totals.ts';
import type { ChannelMessages } from './channel-messages.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export type LogValue = string | number | undefined;
export type LogFields = Readonly<Record<string, LogValue>>;

/**
 * Defines how one kind of event is logged, published, counted and documented. `Facts` is the data that the reporting code
 * passes along.
 */
export interface EventRow<Facts> {
  /** The level of the log line; undefined when the event has no line. */
  readonly level?: LogLevel | ((facts: Facts) => LogLevel);
  /** The line's words, where they are not the name of the event. */
  readonly text?: (facts: Facts) => string;
  /** The fields that follow the words, in this order: `name=value`, or nothing where the value is undefined. */
  readonly fields?: Readonly<Record<string, (facts: Facts) => LogValue>>;
  /** The fields of these names are for the reader of the log alone: the lines that the primary keeps do not have their values. */
  readonly secrets?: readonly string[];
  /** The channel on which it is published. A published event is also in the history that the dashboard shows. */
  readonly channel?: Channel<Facts>;
  /** Adds the event to the counters of `/metrics`. */
  readonly count?: (facts: Facts, totals: Pick<Totals, 'exited'>) => void;
  /** The description in docs/events.md: what has happened, and what to do about it where there is something to do. */
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

/** A message together with its channel. */
export type ChannelEvent = {
  readonly [Name in keyof ChannelMessages]: { readonly name: Name; readonly message: ChannelMessages[Name] };
}[keyof ChannelMessages];
