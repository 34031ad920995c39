import { NO_SLOT, slotEnvironment, type WorkerBriefing } from '../ipc/briefing.ts';
import type { LastWords } from './last-words/last-words.ts';
import { OneShotHooks } from './draining/one-shot-hooks.ts';
import { onReadyMessage } from './ready-message.ts';
import type { Vitals } from './vitals/vitals.ts';

type StatusBriefing = Pick<WorkerBriefing, 'slot' | 'instanceVariable'>;

/**
 * Which slot this worker has and how far it has come. Tells that to the scoreboard, and to the parts that are needed only while
 * the program starts.
 */
export class Status {
  /** Fires when the slot is known: at once, or for a spare when it is promoted. */
  readonly onSlot: OneShotHooks<number> = new OneShotHooks('onSlot');
  readonly #vitals: Vitals;
  readonly #words: LastWords;
  readonly #whenUp: () => void;
  readonly #stopHearing: () => void;
  readonly #instanceVariable: string;
  #slot: number | undefined;
  /** Another worker accepts for its slot. */
  isParked = false;

  /** @param whenUp is called when the application serves, or says that it could, before the primary hears of it. */
  constructor(
    { slot, instanceVariable }: StatusBriefing,
    vitals: Vitals,
    words: LastWords,
    whenUp: () => void = () => {},
  ) {
    this.#instanceVariable = instanceVariable;
    this.#vitals = vitals;
    this.#words = words;
    this.#whenUp = whenUp;
    this.#stopHearing = onReadyMessage(() => this.ready());
    if (slot !== NO_SLOT) this.#take(slot);
  }

  /** Undefined for a spare. */
  get slot(): number | undefined {
    return this.#slot;
  }

  /** The application waits for an answer to its `listen`. */
  standby(): void {
    this.#vitals.state('standby');
  }

  /** The application serves, or says that it could. A spare that says so still waits for its slot. */
  ready(): void {
    this.#stopHearing();
    this.#words.ready();
    this.#whenUp();
    if (this.#slot === undefined) this.standby();
    this.onSlot.add(() => {
      if (!this.isParked) this.#vitals.state('ready');
    });
  }

  /** Another worker accepts for this one's slot, or no longer does: siblings are told which of the two serves it. */
  parked(isParked: boolean): void {
    this.isParked = isParked;
    this.#vitals.parked(isParked);
  }

  promote(slot: number): void {
    this.#words.ready();
    Object.assign(process.env, slotEnvironment(slot, this.#instanceVariable));
    this.#vitals.promote(slot);
    this.#take(slot);
  }

  #take(slot: number): void {
    this.#slot = slot;
    this.onSlot.fire(slot);
  }
}
