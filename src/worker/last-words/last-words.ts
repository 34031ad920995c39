import { LONGEST_TEXT } from '../../ipc/messages.ts';
import { EarlyOutput } from './early-output.ts';
import { isFirstToTell } from './first-to-tell.ts';
import type { Link } from '../link.ts';

/**
 * How long an error that the application caught after all (`process.on('uncaughtException')`) may be the reason of the end,
 * ms: it may have logged it, and flushed its log.
 */
const RECENT_MS = 10_000;

/** How long what a program prints is remembered after it was ready, ms: what is broken often ends just then, by itself. */
const REMEMBERED_MS = 3000;

/**
 * What a worker tells when it ends by itself, so that the primary can say why: the error that was not caught, and what
 * the program printed until shortly after it was ready. A worker that is killed has none.
 *
 * An error that ends a boot is printed by one of the workers that start together, and told by all.
 */
export class LastWords {
  readonly #link: Link;
  readonly #directory: string;
  readonly #output: EarlyOutput = new EarlyOutput();
  #isBooting = true;
  #thrown: { readonly error: unknown; readonly at: number } | undefined;

  /** @param directory where the workers of a server leave word of what was printed; '' for none. */
  constructor(link: Link, directory = '') {
    this.#link = link;
    this.#directory = directory;
    // Unlike 'uncaughtException' it leaves Node to do what it does.
    process.on('uncaughtExceptionMonitor', (error: unknown) => {
      this.#thrown = { error, at: performance.now() };
      if (this.#isBooting && !isCaught()) this.#printOnce(error);
    });
    process.once('exit', (code) => this.#say(code));
  }

  /** What the program has printed so far, it has soon got over. */
  ready(): void {
    if (!this.#isBooting) return;
    this.#isBooting = false;
    setTimeout(() => this.#output.stop(), REMEMBERED_MS).unref();
  }

  /** Node prints it next, and ends; unless another worker did so a moment ago. */
  #printOnce(error: unknown): void {
    // The first failure ends the start, and this process, in the middle of what it prints.
    if (isFirstToTell(this.#directory, describe(error))) process.on('SIGTERM', () => {});
    else process.exit(1);
  }

  /** In 'exit' nothing asynchronous runs any more, but libuv writes to a pipe at once. */
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

/** By the application, whatever becomes of it then. */
function isCaught(): boolean {
  return process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback();
}

/**
 * As Node prints it. Only the lines that Node puts before it, where the error was thrown, cannot be had; CommonJS has
 * them in the stack of a SyntaxError, ES modules have not.
 */
function describe(error: unknown): string {
  try {
    return process.getBuiltinModule('node:util').inspect(error);
  } catch {
    // It is the application's object, and may do anything when it is looked at.
    return 'an error that cannot be printed';
  }
}
