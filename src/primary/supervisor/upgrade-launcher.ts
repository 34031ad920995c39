import type { Sharing } from '../../contract/modes.ts';
import type { Binder } from '../../privileges/binder.ts';
import type { SentHandle } from '../../ipc/channel.ts';
import type { PrimaryMessage } from '../../ipc/messages.ts';
import type { Handover } from '../../upgrade/handover.ts';
import type { NamedDirectory } from '../../options/index.ts';
import type { NewPrimary, NewPrimaryEvents } from '../../upgrade/new-primary.ts';
import { messageOf } from '../../contract/message-of.ts';

/** The next primary's own time to start, beside the boots of its workers. */
const BOOT_MS = 10_000;

export interface UpgradeLauncherParts {
  readonly sharing: Sharing;
  /** The variables for the next primary, beside this primary's own environment. */
  readonly env: NodeJS.ProcessEnv;
  /** Returns how long the next primary's workers may take to boot, all of them, ms. */
  readonly longestBoots: () => number;
  /** The directory that this primary was started in. @default the working directory */
  readonly home?: NamedDirectory | undefined;
  /** Root has started this server for another user. */
  readonly isFromRoot: boolean;
  readonly binder: Binder | undefined;
  /** Returns what there is to leave, when the time has come. */
  readonly handover: () => Handover;
  /** Hears whether another process has, or may have, the sockets, too. */
  readonly shareSockets: (is: boolean) => void;
  readonly events: NewPrimaryEvents;
}

/** Makes the attempts to be succeeded by another primary, one at a time. Owns the successor until it is ready. */
export class UpgradeLauncher {
  readonly #parts: UpgradeLauncherParts;
  #newPrimary: NewPrimary | undefined;
  #isWanted = false;
  /** How many processes have the sockets, too: one that is ready, and those that have failed and not ended yet. */
  #holders = 0;
  /** The next primary is ready, and takes connections. */
  #takes = false;

  constructor(parts: UpgradeLauncherParts) {
    this.#parts = parts;
  }

  /**
   * Starts the next primary. The events tell the outcome, a failure to start it included, unless it is abandoned.
   *
   * @param node the program that runs it. @default as `NewPrimary` finds it
   */
  async begin(node?: string): Promise<void> {
    const { sharing, env, longestBoots, home, isFromRoot, binder, handover, events } = this.#parts;
    this.#isWanted = true;
    let isReady = false;
    let isHolding = false;
    try {
      const { NewPrimary: Next, whyNone } = await import('../../upgrade/new-primary.ts');
      // A stop may have come while that was loaded. The next primary would then not be ended any more.
      if (!this.#isWanted) return;
      const told: NewPrimaryEvents = {
        ...events,
        ready: (pid, generation, takes) => {
          isReady = true;
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
      const within = longestBoots() + BOOT_MS;
      isHolding = true;
      this.#countHolders(1);
      this.#newPrimary = new Next({ handover: handover(), node, env, within, home, isFromRoot, binder }, told);
      void this.#newPrimary.over.then(() => {
        if (!isReady) this.#countHolders(-1);
      });
    } catch (error) {
      if (isHolding) this.#countHolders(-1);
      events.failed(messageOf(error));
    }
  }

  #countHolders(by: 1 | -1): void {
    this.#holders += by;
    this.#parts.shareSockets(this.#holders > 0);
  }

  get takes(): boolean {
    return this.#takes;
  }

  /**
   * Sends the next primary what would be sent to a worker, once it is ready. @returns false when the message did not
   * leave.
   *
   * @param worker the one that gives the connection
   */
  send(message: PrimaryMessage, worker: number, key: string | undefined, handle?: SentHandle): boolean {
    if (message.type === 'recall') return this.#newPrimary?.recall(message.id) ?? false;
    if (message.type !== 'handoff' || key === undefined || handle === undefined) return false;
    const terms = { key, slot: message.from, worker, peer: message.peer };
    return this.#newPrimary?.move(message.id, terms, handle) ?? false;
  }

  /**
   * Gives the next primary up, if it is not ready yet. It may be called again. @returns a promise that settles when
   * none of its processes is left to end.
   */
  async abandon(): Promise<void> {
    this.#isWanted = false;
    this.#newPrimary?.close();
    await this.#newPrimary?.over;
  }
}
