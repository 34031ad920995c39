import type { Colorize } from '../colors.ts';
import { Display, type ContentAction } from '../top/display.ts';
import type { Room } from '../top/frame.ts';
import type { WatchedServer } from './live-figures.ts';
import { overviewFrame, scrolled } from './overview-frame.ts';

export interface OverviewOptions {
  /** Looks at all servers. */
  readonly look: () => Promise<readonly WatchedServer[]>;
  /** The time between two looks in ms. */
  readonly interval: number;
  readonly color: Colorize;
}

/** The live table of all servers. `run` settles when the user quits. */
export class Overview {
  readonly #options: OverviewOptions;
  #servers: readonly WatchedServer[] | undefined;
  #offset = 0;
  #page = 1;

  constructor(options: OverviewOptions) {
    this.#options = options;
  }

  run(): Promise<void> {
    const content = {
      look: () => this.#look(),
      act: (action: ContentAction) => this.#act(action),
      lines: (room: Room) => this.#lines(room),
    };
    return new Display(content, this.#options.interval).run();
  }

  async #look(): Promise<void> {
    this.#servers = await this.#options.look();
  }

  #act(action: ContentAction): void {
    this.#offset = scrolled(this.#offset, action, this.#page);
  }

  #lines(room: Room): readonly string[] {
    const { lines, offset, page } = overviewFrame(this.#servers, this.#offset, room, this.#options.color);
    this.#offset = offset;
    this.#page = page;
    return lines;
  }
}
