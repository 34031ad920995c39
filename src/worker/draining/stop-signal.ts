import type { Link } from '../link.ts';

/**
 * Ctrl-C at a terminal reaches every process of the foreground, workers too. So does the end of the terminal, and so does SIGUSR2
 * (for an upgrade) when it is sent to the whole group. The primary says what they mean, so a worker goes on. Handlers of the
 * application's own run as ever.
 */
const OF_THE_PRIMARY: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP', 'SIGUSR2'];

/**
 * The signal by which the primary ends this worker (`--stop-signal`). Where a terminal may send the same one, the worker takes it
 * for the primary's only when the primary has also sent a message. The two may come in either order.
 *
 * Owns the listeners that keep those signals from ending the process.
 */
export class StopSignal {
  readonly name: NodeJS.Signals;
  #hasCome = false;
  readonly #ignore = (): void => {
    this.#hasCome = true;
  };

  constructor(name: NodeJS.Signals, link: Pick<Link, 'on'>) {
    this.name = name;
    for (const signal of OF_THE_PRIMARY) process.on(signal, signal === name ? this.#ignore : () => {});
    link.on('end', () => this.#end());
  }

  /** Whether the application has a handler for it. */
  get isHandled(): boolean {
    return process.listeners(this.name).some((listener) => listener !== this.#ignore);
  }

  /** Sends it to this process. Without a handler of the application's it ends the process. */
  raise(): void {
    process.off(this.name, this.#ignore);
    process.kill(process.pid, this.name);
  }

  /** The signal means the end from now on. */
  #end(): void {
    process.off(this.name, this.#ignore);
    if (this.#hasCome && process.listenerCount(this.name) === 0) this.raise();
  }
}
