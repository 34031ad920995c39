import type { Sharing } from '../../contract/modes.ts';
import type { Binder } from '../../privileges/binder.ts';
import type { SentHandle } from '../../ipc/channel.ts';
import type { PrimaryMessage } from '../../ipc/messages.ts';
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
  /** The next primary is ready, and takes connections. */
  #takes = false;

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
      const told: NewPrimaryEvents = {
        ...events,
        ready: (pid, generation, takes) => {
          this.#takes = takes;
          events.ready(pid, generation, takes);
        },
        gone: () => {
          this.#takes = false;
          events.gone();
        },
      };
      const reason = whyNone(sharing);
      if (reason !== undefined) throw new Error(reason);
      this.#newPrimary = new Next({ handover: handover(), node, env, within: readyTimeout + BOOT, binder }, told);
    } catch (error) {
      events.failed((error as Error).message);
    }
  }

  get takes(): boolean {
    return this.#takes;
  }

  /** Sends the next primary what a worker would be sent, once it is ready. @returns false when it did not leave. */
  send(message: PrimaryMessage, key: string | undefined, handle?: SentHandle): boolean {
    if (message.type === 'recall') return this.#newPrimary?.recall(message.id) ?? false;
    if (message.type !== 'handoff' || key === undefined || handle === undefined) return false;
    return this.#newPrimary?.move(message.id, key, message.from, handle) ?? false;
  }

  /** Gives it up, if it is not ready yet. Idempotent. @returns what settles when none of its processes is left to end. */
  async abandon(): Promise<void> {
    this.#isWanted = false;
    this.#newPrimary?.close();
    await this.#newPrimary?.over;
  }
}
