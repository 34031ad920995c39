import { channel } from 'node:diagnostics_channel';
import type { Totals } from '../../metrics/totals.ts';
import type { EventHistory } from './event-history.ts';
import type { ChannelEvent } from './event-row.ts';
import type { Log } from './log.ts';
import { messageOf, rowOf, type ToldEvent } from './told.ts';

export interface ReporterParts {
  readonly log: Log;
  readonly history: Pick<EventHistory, 'add'>;
  readonly totals: Pick<Totals, 'exited'>;
}

/** Tells of what was decided wherever the row of the event says: the log, the counters, the channels, the history. Owns nothing. */
export class Reporter {
  readonly #parts: ReporterParts;

  constructor(parts: ReporterParts) {
    this.#parts = parts;
  }

  readonly tell = (event: ToldEvent): void => {
    const { log, history, totals } = this.#parts;
    log(event.name, event.facts);
    rowOf(event.name).count?.(event.facts, totals);
    const message = messageOf(event);
    if (message === undefined) return;
    publish(message);
    history.add(message, Date.now());
  };
}

/** Tells node:diagnostics_channel, for OpenTelemetry and other listeners. Node reports what a subscriber throws. */
export function publish({ name, message }: ChannelEvent): void {
  const target = channel(`prefork:${name}`);
  if (target.hasSubscribers) target.publish(message);
}
