import { exitCodes, PreforkError } from '../../errors.ts';
import type { Log } from '../telemetry/log.ts';
import { messageOf } from '../../contract/message-of.ts';

/** The number of faults within `WINDOW_MS` that the server survives. One more stops it. */
export const MOST_FAULTS = 10;
const WINDOW_MS = 60_000;

/** The number of further faults during the stop after which the process exits at once. */
const MOST_WHILE_STOPPING = 100;

export interface FaultsParts {
  readonly log: Log;
  /** Returns the monotonic time in ms. */
  readonly now: () => number;
  /** Stops everything in order. */
  readonly giveUp: (error: PreforkError) => void;
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
}

/**
 * Handles faults of prefork itself, which are errors thrown where none should be. The service carries on, because the
 * workers serve without the primary, and a primary that ends would take them along. Only the work that threw is lost.
 * Many faults in a short time mean that nothing works any more, and everything then stops in order.
 *
 * The object owns the listeners of `watch`, which `close` removes.
 */
export class Faults {
  readonly #parts: FaultsParts;
  #recent: number[] = [];
  #whileStopping = 0;

  constructor(parts: FaultsParts) {
    this.#parts = parts;
  }

  /**
   * Watches for uncaught errors, as the last resort of a process that belongs to prefork alone. In an application's own
   * process, an uncaught error ends the process as usual in Node, and its workers finish and end.
   */
  watch(): void {
    process.on('uncaughtException', this.#onUncaught);
    process.on('unhandledRejection', this.#onUncaught);
  }

  /** Removes the listeners. A second call does nothing. */
  close(): void {
    process.off('uncaughtException', this.#onUncaught);
    process.off('unhandledRejection', this.#onUncaught);
  }

  add(error: unknown): void {
    const { log, now, giveUp, exit = endProcess } = this.#parts;
    log('fault of prefork', { message: messageOf(error), stack: stackOf(error) });
    const at = now();
    this.#recent = [...this.#recent.filter((time) => at - time < WINDOW_MS), at];
    if (this.#recent.length <= MOST_FAULTS) return;
    if (this.#whileStopping++ === 0) {
      const message = `${this.#recent.length} faults of prefork within ${WINDOW_MS / 1000}s, the last: ${messageOf(error)}`;
      giveUp(new PreforkError('ERR_INTERNAL', message, { cause: error }));
    } else if (this.#whileStopping > MOST_WHILE_STOPPING) exit(exitCodes.ERR_INTERNAL.exitCode);
  }

  readonly #onUncaught = (error: unknown): void => this.add(error);
}

function endProcess(code: number): void {
  process.exit(code);
}

/** Returns the frames of the stack. The message is logged beside it. */
function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  const frames = error.stack.split('\n').filter((line) => line.startsWith('    at '));
  return frames.map((line) => line.trim().slice('at '.length)).join(' < ') || undefined;
}
