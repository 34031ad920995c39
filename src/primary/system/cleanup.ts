/**
 * What must not be left behind, however this process ends: also when the program that embeds the primary calls
 * `process.exit`. Closes the last that was added first, each once.
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

  /** Idempotent. */
  run(): void {
    process.off('exit', this.#onExit);
    for (let close = this.#closers.pop(); close !== undefined; close = this.#closers.pop()) close();
  }
}
