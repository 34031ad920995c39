import type { Room } from './frame.ts';
import { readKeys, type Action } from './keys.ts';
import { Screen } from './screen.ts';

/** What a display shows, and what becomes of keys. */
export interface Content {
  /** Fetches what is shown. It may take longer than the time between two looks. */
  readonly look: () => Promise<void>;
  readonly act: (action: ContentAction) => void;
  /** Returns the lines for a screen of this size. */
  readonly lines: (room: Room) => readonly string[];
}

/** Quitting and suspending are the same whatever is shown. */
export type ContentAction = Exclude<Action, 'quit' | 'suspend'>;

/**
 * Shows content on the terminal, live. The display owns the screen and the timer of the looks. `run` settles when the user quits or the
 * terminal is gone, and everything is closed then.
 */
export class Display {
  readonly #content: Content;
  readonly #interval: number;
  #isLooking = false;
  #screen: Screen | undefined;
  #end: () => void = () => {};

  /** @param interval the time between two looks in ms */
  constructor(content: Content, interval: number) {
    this.#content = content;
    this.#interval = interval;
  }

  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => (this.#end = resolve));
    using screen = new Screen(process.stdout, process.stdin, {
      typed: (text) => readKeys(text).forEach((action) => this.#act(action)),
      stale: () => this.show(),
      lost: () => this.#end(),
    });
    this.#screen = screen;
    const timer = setInterval(() => void this.#look(), this.#interval);
    this.show();
    void this.#look();
    await ended;
    clearInterval(timer);
    this.#screen = undefined;
  }

  /** Shows the content as it is now. Without the screen it does nothing. */
  show(): void {
    this.#screen?.show(this.#content.lines(this.#screen.room));
  }

  /** Looks once at a time: servers are not asked again before the last look has ended. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      await this.#content.look();
    } finally {
      this.#isLooking = false;
    }
    this.show();
  }

  #act(action: Action): void {
    if (action === 'quit') return this.#end();
    if (action === 'suspend') return this.#screen?.suspend();
    this.#content.act(action);
    this.show();
  }
}
