import type { Receiver, Source } from './source.ts';

/** What comes while a response is being made is kept up to this; then the socket is not read. */
const MOST_HELD = 16 * 1024;

const NOTHING = Buffer.alloc(0);

/**
 * What has come too early: kept up to a limit, and then not read, until it is taken. A client's FIN stands behind it, and
 * is not heard of before the rest.
 *
 * Of a pipeline what is read again comes back after each request, without that one: it is kept where it lies. So a byte is copied
 * when it comes, and when the store has to grow, not once more for each request before it.
 */
export class ReadAhead {
  readonly #source: Source;
  #store: Buffer = NOTHING;
  /** What of the store is kept. */
  #from = 0;
  #to = 0;
  /** What is being read again, and where it began in the store. */
  #lent: Buffer | undefined;
  #lentFrom = 0;
  #isPaused = false;
  #isEnded = false;

  constructor(source: Source) {
    this.#source = source;
  }

  get isEmpty(): boolean {
    return this.#from === this.#to;
  }

  /** Whether the source is not to be read. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether the client has sent FIN, and all before it was taken. */
  get isEnded(): boolean {
    return this.#isEnded && this.isEmpty;
  }

  /** @param bytes of which it keeps a copy, but for those that it is giving. */
  add(bytes: Buffer, from: number, to: number): void {
    if (from === to) return;
    if (bytes === this.#lent) {
      this.#from = this.#lentFrom + from;
      this.#to = this.#lentFrom + to;
    } else this.#append(bytes, from, to);
    if (this.#to - this.#from >= MOST_HELD) this.#isPaused = true;
  }

  /** The client has sent FIN. */
  end(): void {
    this.#isEnded = true;
  }

  take(): Buffer | undefined {
    if (this.isEmpty) return undefined;
    const held = this.#store.subarray(this.#from, this.#to);
    this.#clear();
    return held;
  }

  /** Gives what is kept to a receiver, who may add the end of it again. */
  replay(receiver: Receiver): void {
    const held = this.#store.subarray(this.#from, this.#to);
    this.#lent = held;
    this.#lentFrom = this.#from;
    this.#from = this.#to = 0;
    receiver.receive(held, held.length);
    this.#lent = undefined;
    if (this.isEmpty) this.#clear();
  }

  /** The source is read again. */
  resume(): void {
    this.#isPaused = false;
    this.#source.resume();
  }

  #append(bytes: Buffer, from: number, to: number): void {
    if (this.#to + to - from > this.#store.length) this.#grow(to - from);
    bytes.copy(this.#store, this.#to, from, to);
    this.#to += to - from;
  }

  #grow(size: number): void {
    const kept = this.#to - this.#from;
    const larger = Buffer.allocUnsafeSlow(Math.max(kept + size, 2 * kept));
    this.#store.copy(larger, 0, this.#from, this.#to);
    this.#store = larger;
    this.#from = 0;
    this.#to = kept;
  }

  #clear(): void {
    this.#store = NOTHING;
    this.#from = this.#to = 0;
  }
}
