import type { Source } from './source.ts';

/** The bytes that are kept while a response is being made. At this limit the socket is not read any more. */
const MOST_HELD_BYTES = 16 * 1024;

const NOTHING = Buffer.alloc(0);

/** What is kept goes back to this. */
export interface Reader {
  /** @param bytes are valid until it returns. */
  read(bytes: Buffer, end: number): void;
}

/**
 * Bytes that have come too early. They are kept up to a limit, and then not read, until they are taken. A client's FIN
 * stands behind them, and is not heard of before the rest.
 *
 * The bytes of a pipeline come back after each request, without that request, and are kept where they lie. So a byte is
 * copied when it comes, and when the store has to grow, but not once more for each request before it.
 */
export class ReadAhead {
  readonly #source: Source;
  #store: Buffer = NOTHING;
  /** The part of the store that is kept. */
  #from = 0;
  #to = 0;
  /** The bytes that are being read again, and where they began in the store. */
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

  /** What is kept, where it lies. */
  get kept(): Buffer {
    return this.#store.subarray(this.#from, this.#to);
  }

  /** Whether the source is not to be read. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether the client has sent FIN, and all before it was taken. */
  get isEnded(): boolean {
    return this.#isEnded && this.isEmpty;
  }

  /** @param bytes are copied, unless they are those that it is giving. */
  add(bytes: Buffer, from: number, to: number): void {
    if (from === to) return;
    if (bytes === this.#lent) {
      this.#from = this.#lentFrom + from;
      this.#to = this.#lentFrom + to;
    } else this.#append(bytes, from, to);
    if (this.#to - this.#from >= MOST_HELD_BYTES) this.#isPaused = true;
  }

  /** Notes that the client has sent FIN. */
  end(): void {
    this.#isEnded = true;
  }

  take(): Buffer | undefined {
    if (this.isEmpty) return undefined;
    const { kept } = this;
    this.#clear();
    return kept;
  }

  /** Gives what is kept to a reader, which may add the end of it again. */
  replay(reader: Reader): void {
    const { kept } = this;
    this.#lent = kept;
    this.#lentFrom = this.#from;
    this.#from = this.#to = 0;
    reader.read(kept, kept.length);
    this.#lent = undefined;
    if (this.isEmpty) this.#clear();
  }

  /** Reads the source again. */
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
