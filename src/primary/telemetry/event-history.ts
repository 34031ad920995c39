import type { RecordedEvent } from '../../control/controls.ts';
import type { ChannelEvent } from './event-row.ts';

/** The number of events that are kept for clients which come to look. */
const KEPT = 100;

type Listener = (recorded: RecordedEvent) => void;
type Field = RecordedEvent['fields'][string];

interface Kept {
  readonly event: ChannelEvent;
  /** The time of the event, ms since the Unix epoch. */
  readonly at: number;
}

/**
 * The last events, and the listeners that want to hear of the next ones. Owns nothing but memory, and little of that.
 * An event is put into words when a client asks, because writing the first date costs a primary 0.8 MB.
 */
export class EventHistory {
  readonly #kept: Kept[] = [];
  readonly #listeners = new Set<Listener>();

  /** @param at ms since the Unix epoch. */
  add(event: ChannelEvent, at: number): void {
    const kept = { event, at };
    this.#kept.push(kept);
    if (this.#kept.length > KEPT) this.#kept.shift();
    if (this.#listeners.size === 0) return;
    const recorded = told(kept);
    for (const listener of this.#listeners) listener(recorded);
  }

  /** The events that are kept, the newest last. */
  get recent(): readonly RecordedEvent[] {
    return this.#kept.map(told);
  }

  /** @returns a function that ends the listening. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** Puts an event into words. A value that JSON cannot express is left out, and an error becomes its message. */
function told({ event: { name, message }, at }: Kept): RecordedEvent {
  const known = Object.entries(message).filter(([, value]) => value !== undefined);
  const fields = known.map(([key, value]) => [key, value instanceof Error ? value.message : round(value)] as const);
  return { at: new Date(at).toISOString(), name, fields: Object.fromEntries(fields) };
}

function round(value: Field): Field {
  return typeof value === 'number' ? Math.round(value) : value;
}
