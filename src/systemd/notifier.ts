import type { Transport } from './transport.ts';

/** sd_notify(3): fields of one message. */
type Fields = Readonly<Record<string, string | number>>;

/**
 * Tells systemd how the service is (sd_notify(3)). Owns the watchdog's timer and what is still to be sent; `close` ends the
 * first, and settles when the rest has arrived.
 *
 * Messages go one after another, in order. What only describes, a status or a sign of life, waits with the message before
 * it, if there is one, and of several only the last is sent.
 */
export class Notifier {
  readonly #transport: Transport;
  readonly #onError: (message: string) => void;
  readonly #watchdog: NodeJS.Timeout | undefined;
  readonly #waiting: Fields[] = [];
  #sending: Promise<void> | undefined;
  #hasFailed = false;

  /**
   * @param watchdog between two signs of life, ms; undefined where systemd waits for none.
   * @param onError hears of the first failure only: what fails once fails every time, and the service goes on.
   */
  constructor(transport: Transport, watchdog: number | undefined, onError: (message: string) => void) {
    this.#transport = transport;
    this.#onError = onError;
    if (watchdog !== undefined) this.#watchdog = setInterval(() => this.#describe({ WATCHDOG: 1 }), watchdog).unref();
  }

  /** The service serves: after the start, and after a reload, also one that was given up. */
  ready(status?: string): void {
    this.#change({ READY: 1, ...statusField(status) });
  }

  /** A reload begins, and `ready` ends it. */
  reloading(status?: string): void {
    // By this time systemd tells the reload that it asked for from one before it: CLOCK_MONOTONIC, which hrtime is on Linux.
    const now = process.hrtime.bigint() / 1000n;
    this.#change({ RELOADING: 1, MONOTONIC_USEC: String(now), ...statusField(status) });
  }

  stopping(status?: string): void {
    this.#change({ STOPPING: 1, ...statusField(status) });
  }

  /** From now on another process is the service's main one. It has to be of the same unit. */
  mainPid(pid: number): void {
    this.#change({ MAINPID: pid });
  }

  /** One line for people, in `systemctl status`. */
  status(text: string): void {
    this.#describe(statusField(text));
  }

  async close(): Promise<void> {
    clearInterval(this.#watchdog);
    await this.#sending;
  }

  #change(fields: Fields): void {
    this.#waiting.push(fields);
    this.#sending ??= this.#send();
  }

  #describe(fields: Fields): void {
    const last = this.#waiting.pop() ?? {};
    this.#change({ ...last, ...fields });
  }

  async #send(): Promise<void> {
    for (let fields = this.#waiting.shift(); fields !== undefined; fields = this.#waiting.shift()) {
      await this.#transport(encode(fields)).catch((error: Error) => this.#failed(error));
    }
    this.#sending = undefined;
  }

  #failed(error: Error): void {
    if (!this.#hasFailed) this.#onError(error.message);
    this.#hasFailed = true;
  }
}

function encode(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join('\n');
}

/** A line break in a status would begin another field. */
function statusField(text: string | undefined): Fields {
  return text === undefined ? {} : { STATUS: text.replace(/\s+/g, ' ').trim() };
}
