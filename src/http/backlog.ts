import type { Source } from './source.ts';

/** What comes while a response is being made is kept up to this; then the socket is not read. */
const MOST_HELD = 16 * 1024;

/** What has come too early: kept up to a limit, and then not read, until somebody takes it. */
export class Backlog {
  readonly #source: Source;
  #held: Buffer | undefined;
  #isPaused = false;

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

  /** @param bytes of which it keeps a copy. */
  add(bytes: Buffer, from: number, to: number): void {
    if (from === to) return;
    const rest = bytes.subarray(from, to);
    this.#held = this.#held === undefined ? Buffer.from(rest) : Buffer.concat([this.#held, rest]);
    if (this.#held.length >= MOST_HELD) this.#isPaused = true;
  }

  take(): Buffer | undefined {
    const held = this.#held;
    this.#held = undefined;
    return held;
  }

  /** The source is read again. */
  resume(): void {
    this.#isPaused = false;
    this.#source.resume();
  }
}
