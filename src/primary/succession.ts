import type { Sharing } from '../listeners/sharing.ts';
import type { Legacy } from '../upgrade/legacy.ts';
import type { Successor, SuccessorEvents } from '../upgrade/successor.ts';

export interface SuccessionParts {
  readonly sharing: Sharing;
  /** Beside this primary's own environment. */
  readonly env: NodeJS.ProcessEnv;
  /** How long the next primary may take until it is ready, ms. */
  readonly within: number;
  readonly events: SuccessorEvents;
}

/** The attempts to be succeeded by another primary, one at a time. Owns the successor until it is ready. */
export class Succession {
  readonly #parts: SuccessionParts;
  #successor: Successor | undefined;
  #isWanted = false;

  constructor(parts: SuccessionParts) {
    this.#parts = parts;
  }

  /**
   * Starts the next primary. What comes of it, also of a failure to do so, is told by the events, unless it is abandoned.
   *
   * @param legacy gives what there is to leave when the time has come.
   */
  async begin(legacy: () => Legacy): Promise<void> {
    const { sharing, env, within, events } = this.#parts;
    this.#isWanted = true;
    try {
      const { Successor: Next, whyNone } = await import('../upgrade/successor.ts');
      // A stop may have come while that was loaded: nobody would end it any more.
      if (!this.#isWanted) return;
      const reason = whyNone(sharing);
      if (reason !== undefined) throw new Error(reason);
      this.#successor = new Next({ legacy: legacy(), env, within }, events);
    } catch (error) {
      events.failed((error as Error).message);
    }
  }

  /** Gives it up, if it is not ready yet. Idempotent. */
  abandon(): void {
    this.#isWanted = false;
    this.#successor?.close();
  }
}
