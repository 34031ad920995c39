import type { Timer } from '../fleet/events.ts';
import type { Os } from '../workers/os.ts';

/** The deadlines of the fleet. Owns a timer for each that is armed; `close` cancels all. */
export class Timers {
  readonly #os: Pick<Os, 'after'>;
  readonly #due: (timer: Timer) => void;
  readonly #armed = new Map<string, () => void>();

  constructor(os: Pick<Os, 'after'>, due: (timer: Timer) => void) {
    this.#os = os;
    this.#due = due;
  }

  /** Arms a timer, in place of the same one if that is armed. */
  arm(timer: Timer, after: number): void {
    const name = JSON.stringify(timer);
    this.#armed.get(name)?.();
    const cancel = this.#os.after(after, () => {
      this.#armed.delete(name);
      this.#due(timer);
    });
    this.#armed.set(name, cancel);
  }

  disarm(timer: Timer): void {
    const name = JSON.stringify(timer);
    this.#armed.get(name)?.();
    this.#armed.delete(name);
  }

  close(): void {
    for (const cancel of this.#armed.values()) cancel();
    this.#armed.clear();
  }
}
