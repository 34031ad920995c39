import { TokenBucket } from '../../balance/token-bucket.ts';

/** How many messages a second one process may send, and how many at once. A logger sends one for each line. */
const MESSAGES_PER_SECOND = 10_000;
const BURST_MESSAGES = 20_000;

/** How much waits for a half that boots, as JSON. */
const MOST_HELD_CHARACTERS = 1_048_576;
/** What a message takes beside its text, in characters. */
const ENTRY_CHARACTERS = 100;

/** Why a message is not passed on. */
export type Refusal = 'too many' | 'too much waits';

/**
 * Bounds what goes through the primary: so many messages of each sender, and so much that waits for a half which boots. The class
 * is pure, and the caller supplies the time in ms.
 */
export class Mail<Sender> {
  readonly #buckets = new Map<Sender, TokenBucket>();
  #held: Array<{ readonly from: Sender; readonly text: string }> = [];
  #heldCharacters = 0;

  /** Counts a message of a sender. @returns false when it is one too many. */
  admits(from: Sender, now: number): boolean {
    let bucket = this.#buckets.get(from);
    if (bucket === undefined) this.#buckets.set(from, (bucket = new TokenBucket(BURST_MESSAGES, MESSAGES_PER_SECOND)));
    if (bucket.level(now) * BURST_MESSAGES < 1) return false;
    bucket.take(now);
    return true;
  }

  /** Keeps a message until `release`. @returns false when there is no more room. */
  hold(from: Sender, message: unknown): boolean {
    const text = JSON.stringify(message);
    const size = text.length + ENTRY_CHARACTERS;
    if (this.#heldCharacters + size > MOST_HELD_CHARACTERS) return false;
    this.#held.push({ from, text });
    this.#heldCharacters += size;
    return true;
  }

  /** Returns what was kept, in order, and keeps it no longer. */
  release(): ReadonlyArray<{ readonly from: Sender; readonly message: unknown }> {
    const held = this.#held;
    this.#held = [];
    this.#heldCharacters = 0;
    return held.map(({ from, text }) => ({ from, message: JSON.parse(text) as unknown }));
  }

  forget(from: Sender): void {
    this.#buckets.delete(from);
  }
}
