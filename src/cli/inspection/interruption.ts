/** The signals that end a command from outside. A second signal ends it at once. */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** The first signal that asks this process to end, so that the command can clean up. It owns its signal listeners. */
export class Interruption implements Disposable {
  readonly #controller = new AbortController();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    this[Symbol.dispose]();
    this.#controller.abort(signal);
  };

  constructor() {
    for (const signal of signals) process.on(signal, this.#onSignal);
  }

  /** This signal aborts with the name of the process signal as its reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of signals) process.off(signal, this.#onSignal);
  }
}
