import { LONGEST_TEXT } from '../../ipc/messages.ts';
import { EarlyOutput } from './early-output.ts';
import { isFirstToTell } from './first-to-tell.ts';
import type { Link } from '../link.ts';

/**
 * How long an error that the application caught after all (`process.on('uncaughtException')`) may be the reason of the end:
 * the application may have logged it first, and flushed its log.
 */
const RECENT_MS = 10_000;

/** How long after it was ready the output of a program is remembered: a broken program often ends just then, by itself. */
const REMEMBERED_MS = 3000;

/**
 * What a worker tells when it ends by itself, so that the primary can say why. It tells the error that was not caught, and
 * what the program printed until shortly after it was ready. A worker that is killed tells nothing.
 *
 * Only one of the workers that start together prints an error that ends their boot. All of them tell it.
 */
export class LastWords {
  readonly #link: Link;
  readonly #directory: string;
  readonly #output: EarlyOutput = new EarlyOutput();
  #isBooting = true;
  #thrown: { readonly error: unknown; readonly at: number } | undefined;

  readonly #stopSignal: NodeJS.Signals;

  /**
   * @param directory where the workers of a primary leave marks of what was printed; '' for none.
   * @param stopSignal the signal with which the primary ends workers.
   */
  constructor(link: Link, directory = '', stopSignal: NodeJS.Signals = 'SIGTERM') {
    this.#stopSignal = stopSignal;
    this.#link = link;
    this.#directory = directory;
    // Unlike 'uncaughtException', this event does not change what Node does.
    process.on('uncaughtExceptionMonitor', (error: unknown) => {
      this.#thrown = { error, at: performance.now() };
      if (this.#isBooting && !isCaught()) this.#printOnce(error);
    });
    process.once('exit', (code) => this.#say(code));
  }

  /** The program is ready, so the output of its start soon explains no end any more, and is forgotten. */
  ready(): void {
    if (!this.#isBooting) return;
    this.#isBooting = false;
    setTimeout(() => this.#output.stop(), REMEMBERED_MS).unref();
  }

  /** Node prints the error next, and ends. When another worker printed it a moment ago, this one ends without. */
  #printOnce(error: unknown): void {
    // The first failure ends the start: the primary's signal would end this process in the middle of what it prints.
    if (isFirstToTell(this.#directory, describe(error))) process.on(this.#stopSignal, () => {});
    else process.exit(1);
  }

  /** Sends the message in 'exit', where nothing asynchronous runs any more: libuv writes to a pipe at once. */
  #say(code: number): void {
    const error = code === 0 ? '' : this.#describeThrown().slice(0, LONGEST_TEXT);
    const stderr = this.#output.text;
    if (error !== '' || stderr !== '') this.#link.send({ type: 'lastWords', error, stderr });
  }

  #describeThrown(): string {
    if (this.#thrown === undefined || performance.now() - this.#thrown.at > RECENT_MS) return '';
    return describe(this.#thrown.error);
  }
}

/** Whether the application catches the error. Whether it ends then is its own affair. */
function isCaught(): boolean {
  return process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
}

/**
 * The text of the error, as Node prints it. Only the lines that Node puts before it, which show where it was thrown, cannot
 * be had. CommonJS has them in the stack of a SyntaxError, and ES modules do not.
 */
function describe(error: unknown): string {
  try {
    return process.getBuiltinModule('node:util').inspect(error);
  } catch {
    // What was thrown is the application's object, and may do anything when it is looked at.
    return 'an error that cannot be printed';
  }
}
