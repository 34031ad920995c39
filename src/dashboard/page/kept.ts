import { duration } from '../../format/duration.ts';
import type { Status } from '../../control/controls.ts';
import { find, setText } from './parts/dom.ts';

/** The generation that a rollback returns to, while one is kept. During a canary its own section has the button. */
export class Kept {
  readonly #section = find('#kept');
  readonly #title = find('#kept-title');
  readonly #until = find('#kept-until');

  /** @param now the time by the server's clock. */
  show({ kept, canary }: Status, now: number): void {
    this.#section.hidden = !kept || !!canary;
    if (!kept) return;
    setText(this.#title, `Generation ${kept.generation} is kept`);
    const left = Math.max(0, Date.parse(kept.until) - now);
    // Seconds would change all the time, and say no more.
    const time = left < 60_000 ? 'less than a minute' : duration(Math.floor(left / 60_000) * 60_000);
    setText(this.#until, `its ${kept.workers === 1 ? 'worker is' : `${kept.workers} workers are`} parked for ${time}`);
  }
}
