import type { Transport } from './transport.ts';

/** The fields of one message, see sd_notify(3). */
type Fields = Readonly<Record<string, string | number>>;

/**
 * Tells systemd the state of the service (sd_notify(3)). It owns the watchdog's timer and the queue of messages.
 * `close` stops the timer, and settles when the queue has been sent.
 *
 * Messages go one after another, in order. A message that only describes, such as a status or a sign of life, joins the
 * message that waits before it. Only the last of several is sent.
 */
export class Notifier {
  readonly #transport: Transport;
  readonly #onError: (message: string) => void;
  readonly #watchdog: NodeJS.Timeout | undefined;
  readonly #waiting: Fields[] = [];
  #sending: Promise<void> | undefined;
  #hasFailed = false;

  /**
   * Starts the watchdog.
   *
   * @param watchdog the time between two signs of life in ms; undefined where systemd expects none.
   * @param onError hears of the first failure only. A failure repeats every time, and the service goes on.
   */
  constructor(transport: Transport, watchdog: number | undefined, onError: (message: string) => void) {
    this.#transport = transport;
    this.#onError = onError;
    if (watchdog !== undefined) this.#watchdog = setInterval(() => this.#describe({ WATCHDOG: 1 }), watchdog).unref();
  }

  /** Tells that the service serves: after the start, and after a reload, even one that failed. */
  ready(status?: string): void {
    this.#change({ READY: 1, ...statusField(status) });
  }

  /** Tells that a reload begins. `ready` ends it. */
  reloading(status?: string): void {
    // systemd uses this time to tell the reload that it asked for from an earlier one. The clock is CLOCK_MONOTONIC,
    // which hrtime is on Linux.
    const now = process.hrtime.bigint() / 1000n;
    this.#change({ RELOADING: 1, MONOTONIC_USEC: String(now), ...statusField(status) });
  }

  stopping(status?: string): void {
    this.#change({ STOPPING: 1, ...statusField(status) });
  }

  /** Tells that another process of the same unit is the service's main process from now on. */
  mainPid(pid: number): void {
    this.#change({ MAINPID: pid });
  }

  /** Sends one line for people, which `systemctl status` shows. */
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

/** Removes line breaks from a status, because they would begin another field. */
function statusField(text: string | undefined): Fields {
  return text === undefined ? {} : { STATUS: text.replace(/\s+/g, ' ').trim() };
}
