import { operate } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { duration } from '../../format/duration.ts';
import { Display, type ContentAction } from './display.ts';
import type { Feed } from './feed.ts';
import { frameOf, type Room } from './frame.ts';
import { advance, noHistory, type History } from './history.ts';
import type { Style } from './table.ts';
import { changed, firstView, type View } from './view.ts';
import { messageOf } from '../../contract/message-of.ts';

export interface LiveOptions {
  readonly feed: Feed;
  /** The time between two samples in ms. */
  readonly interval: number;
  readonly style: Style;
}

/** How long the outcome of an operation stays on the screen. */
const NEWS_MS = 10_000;

/** The live table of one server. `run` settles when the user quits. */
export class Live {
  readonly #options: LiveOptions;
  readonly #display: Display;
  #history: History = noHistory;
  #view: View = firstView;
  #page = 1;
  /** Why the last sample failed, and since when samples have failed. */
  #trouble: { readonly reason: string; readonly since: number } | undefined;
  #news = { text: '', until: 0 };

  constructor(options: LiveOptions) {
    this.#options = options;
    const content = {
      look: () => this.#look(),
      act: (action: ContentAction) => this.#act(action),
      lines: (room: Room) => this.#lines(room),
    };
    this.#display = new Display(content, options.interval);
  }

  run(): Promise<void> {
    return this.#display.run();
  }

  async #look(): Promise<void> {
    try {
      this.#history = advance(this.#history, await this.#options.feed.look());
      this.#trouble = undefined;
    } catch (error) {
      if (!(error instanceof PreforkError)) throw error;
      this.#trouble = { since: performance.now(), ...this.#trouble, reason: error.message };
    }
  }

  #act(action: ContentAction): void {
    if (!this.#view.isHelp) this.#operate(action);
    this.#view = changed(this.#view, action, this.#page);
  }

  #operate(action: ContentAction): void {
    const { server } = this.#options.feed;
    const scale = (by: number): Promise<Outcome> => operate(server, '/scale', { by });
    if (action === 'reload') void this.#tell('reload', operate(server, '/reload', {}));
    if (action === 'more') void this.#tell('scale', scale(1));
    if (action === 'fewer') void this.#tell('scale', scale(-1));
    if (action !== 'promote' && action !== 'rollback') return;
    const canary = this.#history.sample?.status.canary;
    if (canary) void this.#tell(action, operate(server, `/${action}` as '/reload', {}));
    else this.#say('no canary is being watched');
  }

  async #tell(what: string, asked: Promise<Outcome>): Promise<void> {
    this.#say(`${what} asked for`);
    try {
      const outcome = await asked;
      if (outcome.ok) this.#say(`${what} done in ${duration(outcome.took)}`);
      else this.#say(`${what} failed: ${outcome.reason}`);
    } catch (error) {
      this.#say(`${what} failed: ${messageOf(error)}`);
    }
  }

  #say(text: string): void {
    this.#news = { text, until: performance.now() + NEWS_MS };
    this.#display.show();
  }

  #lines(room: Room): readonly string[] {
    const { lines, offset, page } = frameOf(this.#history, this.#view, this.#message(), room, this.#options.style);
    this.#view = { ...this.#view, offset };
    this.#page = page;
    return lines;
  }

  #message(): string {
    const now = performance.now();
    if (this.#trouble !== undefined) {
      const { reason, since } = this.#trouble;
      return `${reason} (for ${duration(Math.round((now - since) / 1000) * 1000)}; the table shows the last known state)`;
    }
    return now < this.#news.until ? this.#news.text : '';
  }
}
