import type { RecordedEvent } from '../../control/controls.ts';
import type { ChannelEvent } from './event-row.ts';

/** Of what happened, so much is kept for whoever comes to look. */
const KEPT = 100;

type Listener = (happened: RecordedEvent) => void;
type Field = RecordedEvent['fields'][string];

interface Entry {
  readonly event: ChannelEvent;
  /** ms since the Unix epoch. */
  readonly at: number;
}

/**
 * What happened last, and who wants to hear of what happens next. Owns nothing but memory, and little of that: it is put
 * into words when somebody asks, as writing the first date costs a primary 0.8 MB.
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

  /** The newest last. */
  get recent(): readonly RecordedEvent[] {
    return this.#entries.map(told);
  }

  /** @returns what ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** What JSON has no word for is left out, and an error is its message. */
function told({ event: { name, message }, at }: Entry): RecordedEvent {
  const known = Object.entries(message).filter(([, value]) => value !== undefined);
  const fields = known.map(([key, value]) => [key, value instanceof Error ? value.message : round(value)] as const);
  return { at: new Date(at).toISOString(), name, fields: Object.fromEntries(fields) };
}

function round(value: Field): Field {
  return typeof value === 'number' ? Math.round(value) : value;
}
