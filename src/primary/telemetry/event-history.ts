import type { RecordedEvent } from '../../control/controls.ts';
import type { ChannelEvent } from './event-row.ts';

/** The number of events that are kept for clients which come to look. */
const KEPT = 100;

type Listener = (happened: RecordedEvent) => void;
type Field = RecordedEvent['fields'][string];

interface Entry {
  readonly event: ChannelEvent;
  /** The time of the event, ms since the Unix epoch. */
  readonly at: number;
}

/**
 * The last events, and the listeners that want to hear of the next ones. Owns nothing but memory, and little of that.
 * An event is put into words when a client asks, because writing the first date costs a primary 0.8 MB.
 */
export class EventHistory {
  readonly #entries: Entry[] = [];
  readonly #listeners = new Set<Listener>();

  /** @param at ms since the Unix epoch. */
  add(event: ChannelEvent, at: number): void {
    const entry = { event, at };
    this.#entries.push(entry);
    if (this.#entries.length > KEPT) this.#entries.shift();
    if (this.#listeners.size === 0) return;
    const happened = told(entry);
    for (const listener of this.#listeners) listener(happened);
  }

  /** The events that are kept, the newest last. */
  get recent(): readonly RecordedEvent[] {
    return this.#entries.map(told);
  }

  /** @returns a function that ends the listening. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** Puts an event into words. A value that JSON cannot express is left out, and an error becomes its message. */
function told({ event: { name, message }, at }: Entry): RecordedEvent {
  const known = Object.entries(message).filter(([, value]) => value !== undefined);
  const fields = known.map(([key, value]) => [key, value instanceof Error ? value.message : round(value)] as const);
  return { at: new Date(at).toISOString(), name, fields: Object.fromEntries(fields) };
}

function round(value: Field): Field {
  return typeof value === 'number' ? Math.round(value) : value;
}
