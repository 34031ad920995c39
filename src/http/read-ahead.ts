import type { Source } from './source.ts';

/** What comes while a response is being made is kept up to this; then the socket is not read. */
const MOST_HELD = 16 * 1024;

/**
 * What has come too early: kept up to a limit, and then not read, until it is taken. A client's FIN stands behind it, and
 * is not heard of before the rest.
 */
export class ReadAhead {
  readonly #source: Source;
  #held: Buffer | undefined;
  /** What was taken last: the rest of it comes back without being copied, however many requests are in it. */
  #taken: Buffer | undefined;
  #isPaused = false;
  #isEnded = false;

  constructor(source: Source) {
    this.#source = source;
  }

  get isEmpty(): boolean {
    return this.#held === undefined;
  }

  /** Whether the source is not to be read. */
  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Whether the client has sent FIN, and all before it was taken. */
  get isEnded(): boolean {
    return this.#isEnded && this.#held === undefined;
  }

  /** @param bytes of which it keeps a copy, unless they came from here. */
  add(bytes: Buffer, from: number, to: number): void {
    if (from === to) return;
    const rest = bytes.subarray(from, to);
    if (this.#held !== undefined) this.#held = Buffer.concat([this.#held, rest]);
    else this.#held = bytes === this.#taken ? rest : Buffer.from(rest);
    if (this.#held.length >= MOST_HELD) this.#isPaused = true;
  }

  /** The client has sent FIN. */
  end(): void {
    this.#isEnded = true;
  }

  take(): Buffer | undefined {
    const held = this.#held;
    this.#held = undefined;
    return (this.#taken = held);
  }

  /** The source is read again. */
  resume(): void {
    this.#isPaused = false;
    this.#source.resume();
  }
}
