/** What ends a command from outside. A second one ends it at once. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal that asks this process to end, so that it can leave nothing behind. Owns its listeners. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this[Symbol.dispose]();
    this.#controller.abort(signal);
  };

  constructor() {
    for (const signal of signals) process.on(signal, this.#onSignal);
  }

  /** Aborted by it; the reason is its name. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of signals) process.off(signal, this.#onSignal);
  }
}
