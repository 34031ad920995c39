import type { Sharing } from '../../contract/modes.ts';
import type { Binder } from '../../privileges/binder.ts';
import type { Handover } from '../../upgrade/handover.ts';
import type { NewPrimary, NewPrimaryEvents } from '../../upgrade/new-primary.ts';

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
  readonly handover: () => Handover;
  readonly events: NewPrimaryEvents;
}

/** The attempts to be succeeded by another primary, one at a time. Owns the successor until it is ready. */
export class UpgradeLauncher {
  readonly #parts: SuccessionParts;
  #newPrimary: NewPrimary | undefined;
  #isWanted = false;

  constructor(parts: SuccessionParts) {
    this.#parts = parts;
  }

  /**
   * Starts the next primary. What comes of it, also of a failure to do so, is told by the events, unless it is abandoned.
   *
   * @param node which runs it. @default as `NewPrimary` finds it
   */
  async begin(node?: string): Promise<void> {
    const { sharing, env, readyTimeout, binder, handover, events } = this.#parts;
    this.#isWanted = true;
    try {
      const { NewPrimary: Next, whyNone } = await import('../../upgrade/new-primary.ts');
      // A stop may have come while that was loaded: nobody would end it any more.
      if (!this.#isWanted) return;
      const reason = whyNone(sharing);
      if (reason !== undefined) throw new Error(reason);
      this.#newPrimary = new Next({ handover: handover(), node, env, within: readyTimeout + BOOT, binder }, events);
    } catch (error) {
      events.failed((error as Error).message);
    }
  }

  /** Gives it up, if it is not ready yet. Idempotent. @returns what settles when none of its processes is left to end. */
  async abandon(): Promise<void> {
    this.#isWanted = false;
    this.#newPrimary?.close();
    await this.#newPrimary?.over;
  }
}
