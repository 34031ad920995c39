import { operate, type RunningServer } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';

/** What the primary is told each time, s: so long the worker is spared when this process is killed. */
const SECONDS = 10;

/** Between two times, ms. */
const RENEWAL = 3000;

/**
 * Keeps the primary from killing a worker that stands still because somebody looks into it. Owns the timer that says so again
 * and again; releasing it ends that, and the worker has to beat again.
 */
export class Hold {
  readonly #server: RunningServer;
  readonly #pid: number;
  readonly #timer: NodeJS.Timeout;

  private constructor(server: RunningServer, pid: number) {
    this.#server = server;
    this.#pid = pid;
    // One that is refused, because the worker or the primary is gone, is of no use; that it is gone shows elsewhere.
    this.#timer = setInterval(() => void say(server, pid, SECONDS).catch(() => {}), RENEWAL);
  }

  /** @throws PreforkError `ERR_NOT_DONE` when the primary has no such worker. */
  static async take(server: RunningServer, pid: number): Promise<Hold> {
    const outcome = await say(server, pid, SECONDS);
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
