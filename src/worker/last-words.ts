import { LONGEST_TEXT } from '../ipc/messages.ts';
import { EarlyOutput } from './early-output.ts';
import type { Link } from './link.ts';

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
 */
export class LastWords {
  readonly #link: Link;
  readonly #output: EarlyOutput = new EarlyOutput();
  #isForgetting = false;
  #thrown: { readonly error: unknown; readonly at: number } | undefined;

  constructor(link: Link) {
    this.#link = link;
    // Unlike 'uncaughtException' it leaves Node to do what it does.
    process.on('uncaughtExceptionMonitor', (error: unknown) => {
      this.#thrown = { error, at: performance.now() };
    });
    process.once('exit', (code) => this.#say(code));
  }

  /** What the program has printed so far, it has soon got over. */
  ready(): void {
    if (this.#isForgetting) return;
    this.#isForgetting = true;
    setTimeout(() => this.#output.stop(), REMEMBERED_MS).unref();
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
