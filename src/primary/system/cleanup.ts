/**
 * Removes what must not stay behind, however this process ends, even when the program that embeds the primary calls
 * `process.exit`. The closers run once, in reverse order.
 */
export class Cleanup {
  readonly #closers: Array<() => void> = [];
  readonly #onExit = (): void => this.run();

  constructor() {
    process.once('exit', this.#onExit);
  }

  add(close: () => void): void {
    this.#closers.push(close);
  }

  /** Runs the closers. A second call does nothing. */
  run(): void {
    process.off('exit', this.#onExit);
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) close();
  }
}
