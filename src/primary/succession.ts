import type { Sharing } from '../listeners/sharing.ts';
import type { Binder } from '../privileges/binder.ts';
import type { Legacy } from '../upgrade/legacy.ts';
import type { Successor, SuccessorEvents } from '../upgrade/successor.ts';

/** Beside the ready timeout of its workers, the next primary's own time to start, ms. */
const BOOT = 10_000;

export interface SuccessionParts {
  readonly sharing: Sharing;
  /** Beside this primary's own environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Of the next primary's workers, ms. */
  readonly readyTimeout: number;
  readonly binder: Binder | undefined;
  /** Gives what there is to leave, when the time has come. */
  readonly legacy: () => Legacy;
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
   * @param node which runs it. @default as `Successor` finds it
   */
  async begin(node?: string): Promise<void> {
    const { sharing, env, readyTimeout, binder, legacy, events } = this.#parts;
    this.#isWanted = true;
    try {
      const { Successor: Next, whyNone } = await import('../upgrade/successor.ts');
      // A stop may have come while that was loaded: nobody would end it any more.
      if (!this.#isWanted) return;
      const reason = whyNone(sharing);
      if (reason !== undefined) throw new Error(reason);
      this.#successor = new Next({ legacy: legacy(), node, env, within: readyTimeout + BOOT, binder }, events);
    } catch (error) {
      events.failed((error as Error).message);
    }
  }

  /** Gives it up, if it is not ready yet. Idempotent. @returns what settles when none of its processes is left to end. */
  async abandon(): Promise<void> {
    this.#isWanted = false;
    this.#successor?.close();
    await this.#successor?.over;
  }
}
