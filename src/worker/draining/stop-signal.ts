import type { Link } from '../link.ts';

/**
 * Ctrl-C at a terminal reaches every process of the foreground, workers too. So does the end of the terminal, and so does SIGUSR2
 * (for an upgrade) when it is sent to the whole group. The primary says what they mean, so a worker goes on. Handlers of the
 * application's own run as ever.
 */
const OF_THE_PRIMARY: readonly NodeJS.Signals[] = ['SIGINT', 'SIGHUP', 'SIGUSR2'];

const pass = (): void => {};

const HANDLERS_WITHIN_MS = 1000;

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

  constructor(name: NodeJS.Signals, link: Pick<Link, 'on' | 'send'>) {
    this.name = name;
    for (const signal of OF_THE_PRIMARY) process.on(signal, signal === name ? this.#ignore : pass);
    link.on('end', () => this.#end());
    this.#tellWhenUnheard(link);
  }

  /** A program adds its handlers in one go. So it is looked at a while after the first. */
  #tellWhenUnheard(link: Pick<Link, 'send'>): void {
    const onListener = (name: string | symbol): void => {
      if (name !== 'SIGINT') return;
      process.off('newListener', onListener);
      setTimeout(() => this.#isUnheard && link.send({ type: 'unheard' }), HANDLERS_WITHIN_MS).unref();
    };
    process.on('newListener', onListener);
  }

  /** Whether the application has a handler for it. */
  get isHandled(): boolean {
    return process.listeners(this.name).some((listener) => listener !== this.#ignore);
  }

  /** Whether the application expects SIGINT, and nothing of it hears the signal that it will get. */
  get #isUnheard(): boolean {
    return (
      this.name !== 'SIGINT' && !this.isHandled && process.listeners('SIGINT').some((listener) => listener !== pass)
    );
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
