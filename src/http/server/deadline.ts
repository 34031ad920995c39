import type { ServerCore } from './server-core.ts';

/** This stands for no deadline. */
const NEVER = 0;
/** This stands for a deadline that is not known yet: see {@link Deadline.setAfterLastByte}. */
const AFTER_LAST_BYTE = -1;

/** The one deadline of a connection, by the server's clock. What happens at its end depends on the connection's state. */
export class Deadline {
  readonly #core: Pick<ServerCore, 'now'>;
  #at: number = AFTER_LAST_BYTE;

  constructor(core: Pick<ServerCore, 'now'>) {
    this.#core = core;
  }

  /** @param time from now on, ms; 0 for no limit. */
  set(time: number): void {
    this.#at = time === 0 ? NEVER : this.#core.now + time;
  }

  /**
   * Gives another time to what has begun already. Where there was no limit, its beginning is not known, and the time counts from now on.
   *
   * @param from the time that was set, ms; 0 for no limit.
   * @param to the one that counts instead
   */
  change(from: number, to: number): void {
    if (this.#at === NEVER || to === 0) this.set(to);
    else this.#at += to - from;
  }

  clear(): void {
    this.#at = NEVER;
  }

  /** The clock of the state starts when the kernel has taken the last byte. The connection looks for that. */
  setAfterLastByte(): void {
    this.#at = AFTER_LAST_BYTE;
  }

  get isAfterLastByte(): boolean {
    return this.#at === AFTER_LAST_BYTE;
  }

  /** What is left of the time, at least 1 ms; 0 for no limit. */
  get left(): number {
    return this.#at === NEVER ? 0 : Math.max(1, this.#at - this.#core.now);
  }

  isOver(now: number): boolean {
    return this.#at !== NEVER && now >= this.#at;
  }
}
