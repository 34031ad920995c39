import type { Happened } from '../control/controls.ts';
import type { Happening } from './happenings.ts';

/** Of what happened, so much is kept for whoever comes to look. */
const KEPT = 100;

type Listener = (happened: Happened) => void;
type Field = Happened['fields'][string];

/** What happened last, and who wants to hear of what happens next. Owns nothing but memory. */
export class Chronicle {
  readonly #recent: Happened[] = [];
  readonly #listeners = new Set<Listener>();

  /** @param at ms since the Unix epoch. */
  add({ name, message }: Happening, at: number): void {
    const happened = { at: new Date(at).toISOString(), name, fields: fieldsOf(message) };
    this.#recent.push(happened);
    if (this.#recent.length > KEPT) this.#recent.shift();
    for (const listener of this.#listeners) listener(happened);
  }

  /** The newest last. */
  get recent(): readonly Happened[] {
    return this.#recent;
  }

  /** @returns what ends it. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** What JSON has no word for is left out, and an error is its message. */
function fieldsOf(message: Happening['message']): Happened['fields'] {
  const known = Object.entries(message).filter(([, value]) => value !== undefined);
  return Object.fromEntries(known.map(([key, value]) => [key, value instanceof Error ? value.message : round(value)]));
}

function round(value: Field): Field {
  return typeof value === 'number' ? Math.round(value) : value;
}
