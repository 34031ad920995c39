import type { Colorize } from '../colors.ts';
import { readKeys, type Action } from '../top/keys.ts';
import { Screen } from '../top/screen.ts';
import type { WatchedServer } from './live-figures.ts';
import { overviewFrame, scrolled } from './overview-frame.ts';

export interface OverviewOptions {
  /** Looks at all servers. */
  readonly look: () => Promise<readonly WatchedServer[]>;
  /** The time between two looks in ms. */
  readonly interval: number;
  readonly color: Colorize;
}

/**
 * The live table of all servers. It owns the screen and the timer of the looks. `run` settles when the user quits, and everything is closed
 * then.
 */
export class Overview {
  readonly #options: OverviewOptions;
  #servers: readonly WatchedServer[] | undefined;
  #offset = 0;
  #page = 1;
  #isLooking = false;
  #screen: Screen | undefined;
  #end: () => void = () => {};

  constructor(options: OverviewOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    const ended = new Promise<void>((resolve) => (this.#end = resolve));
    using screen = new Screen(process.stdout, process.stdin, {
      typed: (text) => readKeys(text).forEach((action) => this.#act(action)),
      stale: () => this.#show(),
      lost: () => this.#end(),
    });
    this.#screen = screen;
    const timer = setInterval(() => void this.#look(), this.#options.interval);
    this.#show();
    void this.#look();
    await ended;
    clearInterval(timer);
    this.#screen = undefined;
  }

  /** Looks once at a time: servers are not asked again before the last look has ended. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#servers = await this.#options.look();
    } finally {
      this.#isLooking = false;
    }
    this.#show();
  }

  #act(action: Action): void {
    if (action === 'quit') return this.#end();
    if (action === 'suspend') return this.#screen?.suspend();
    this.#offset = scrolled(this.#offset, action, this.#page);
    this.#show();
  }

  #show(): void {
    if (this.#screen === undefined) return;
    const frame = overviewFrame(this.#servers, this.#offset, this.#screen.room, this.#options.color);
    this.#offset = frame.offset;
    this.#page = frame.page;
    this.#screen.show(frame.lines);
  }
}
