import { exitCodes, PreforkError } from '../../errors.ts';
import type { Log } from '../telemetry/log.ts';

/** So many faults are survived within `WINDOW_MS`; one more stops the server. */
export const MOST_FAULTS = 10;
const WINDOW_MS = 60_000;

/** And so many more, while it stops, end the process where it stands. */
const MOST_WHILE_STOPPING = 100;

export interface FaultsParts {
  readonly log: Log;
  /** Monotonic, ms. */
  readonly now: () => number;
  /** Stops everything in order. */
  readonly giveUp: (error: PreforkError) => void;
  /** Ends the process. @default process.exit */
  readonly exit?: (code: number) => void;
}

/**
 * Faults of prefork itself: what was thrown where nothing was to be. The service goes on, for its workers serve without the
 * primary, and a primary that ends takes them along; what was being done when it was thrown is lost. Many in short time say
 * that nothing works any more: then everything stops in order.
 *
 * Owns the listeners of `watch`, which `close` removes.
 */
export class Faults {
  readonly #parts: FaultsParts;
  #recent: number[] = [];
  #whileStopping = 0;

  constructor(parts: FaultsParts) {
    this.#parts = parts;
  }

  /**
   * Sees what is not caught anywhere: the last resort of a process that is prefork's alone. In an application's own process,
   * what it throws and does not catch ends it, as Node has it, and its workers finish and end.
   */
  watch(): void {
    process.on('uncaughtException', this.#onUncaught);
    process.on('unhandledRejection', this.#onUncaught);
  }

  /** Idempotent. */
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Where it was thrown: the message is beside it. */
function stackOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || error.stack === undefined) return undefined;
  const frames = error.stack.split('\n').filter((line) => line.startsWith('    at '));
  return frames.map((line) => line.trim().slice('at '.length)).join(' < ') || undefined;
}
