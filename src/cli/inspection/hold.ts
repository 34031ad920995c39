import { operate, type RunningServer } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';

/** The time that each hold asks for. If this process is killed, the worker is spared for this long. */
const HOLD_SECONDS = 10;

/** The time between two renewals. */
const RENEWAL_MS = 3000;

/**
 * Keeps the primary from killing a worker that stands still because it is being inspected. The hold owns the timer that
 * renews it. Releasing the hold ends it, and the worker's heartbeat counts again.
 */
export class Hold {
  readonly #server: RunningServer;
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;

  private constructor(server: RunningServer, pid: number) {
    this.#server = server;
    this.#pid = pid;
    // A refusal means that the worker or the primary is gone. Other code reports that.
    this.#timer = setInterval(() => void say(server, pid, HOLD_SECONDS).catch(() => {}), RENEWAL_MS);
  }

  /**
   * Takes the hold.
   *
   * @throws PreforkError `ERR_NOT_DONE` when the primary has no such worker.
   */
  static async take(server: RunningServer, pid: number): Promise<Hold> {
    const outcome = await say(server, pid, HOLD_SECONDS);
    if (!outcome.ok) throw new PreforkError('ERR_NOT_DONE', outcome.reason);
    return new Hold(server, pid);
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await say(this.#server, this.#pid, 0).catch(() => {});
  }
}

function say(server: RunningServer, pid: number, seconds: number): ReturnType<typeof operate> {
  return operate(server, '/hold', { pid, seconds });
}
