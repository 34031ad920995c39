import { randomUUID } from 'node:crypto';
import type { Outcome } from '../../contract/outcome.ts';
import { operate, type Operations, type RunningServer } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';

/** The time that each hold asks for. If this process is killed, the worker is spared for this long. */
const HOLD_SECONDS = 10;

/** The time between two renewals. */
const RENEWAL_MS = 3000;

/**
 * Keeps the primary from killing a worker that stands still because it is being inspected. The hold owns the timer that
 * renews it. Releasing the hold ends it, and the worker's heartbeat counts again.
 *
 * Once this process has opened the worker's inspector, or has waited for it in vain, the end of the hold closes it, also when
 * this process is killed. An inspector that was open before is kept. While another tool looks into the worker too, it stays open for
 * that one.
 */
export class Hold {
  readonly #server: RunningServer;
  readonly #pid: number;
  readonly #holder: string;
  readonly #timer: NodeJS.Timeout;
  #closesInspector = false;

  private constructor(server: RunningServer, pid: number, holder: string) {
    this.#server = server;
    this.#pid = pid;
    this.#holder = holder;
    // A refusal means that the worker or the primary is gone. Other code reports that.
    this.#timer = setInterval(() => void this.#say(HOLD_SECONDS).catch(() => {}), RENEWAL_MS);
  }

  /**
   * Takes the hold.
   *
   * @throws PreforkError `ERR_NOT_DONE` when the primary has no such worker.
   */
  static async take(server: RunningServer, pid: number): Promise<Hold> {
    const holder = randomUUID();
    const outcome = await say(server, { pid, seconds: HOLD_SECONDS, closesInspector: false, holder });
    if (!outcome.ok) throw new PreforkError('ERR_NOT_DONE', outcome.reason);
    return new Hold(server, pid, holder);
  }

  /** Has the end of the hold close the inspector from now on. */
  async closeInspector(): Promise<void> {
    this.#closesInspector = true;
    await this.#say(HOLD_SECONDS).catch(() => {});
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#say(0).catch(() => {});
  }

  #say(seconds: number): Promise<Outcome> {
    const terms = { pid: this.#pid, closesInspector: this.#closesInspector, holder: this.#holder };
    return say(this.#server, { ...terms, seconds });
  }
}

function say(server: RunningServer, terms: Operations['/hold']): Promise<Outcome> {
  return operate(server, '/hold', terms);
}
