import { operate } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';
import type { Outcome, ScaleTarget } from '../../contract/outcome.ts';
import { duration } from '../../primary/fleet/log-fields.ts';
import type { Feed } from './feed.ts';
import { frameOf } from './frame.ts';
import { advance, noHistory, type History } from './history.ts';
import { readKeys, type Action } from './keys.ts';
import { Screen } from './screen.ts';
import type { Style } from './table.ts';
import { changed, firstView, type View } from './view.ts';

export interface LiveOptions {
  readonly feed: Feed;
  /** Between two looks, ms. */
  readonly interval: number;
  readonly style: Style;
}

/** How long is said what came of an operation, ms. */
const NEWS = 10_000;

/**
 * The live table. Owns the screen and the timer of the looks; `run` settles when the one who looks has had enough, and
 * everything is closed then.
 */
export class Live {
  readonly #options: LiveOptions;
  #history: History = noHistory;
  #view: View = firstView;
  #page = 1;
  /** Why there is no news of the server, and since when. */
  #trouble: { readonly reason: string; readonly since: number } | undefined;
  #news = { text: '', until: 0 };
  #isLooking = false;
  #screen: Screen | undefined;
  #end: () => void = () => {};

  constructor(options: LiveOptions) {
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

  /** One at a time: a server that does not answer is not asked again before that is certain. */
  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#history = advance(this.#history, await this.#options.feed.look());
      this.#trouble = undefined;
    } catch (error) {
      if (!(error instanceof PreforkError)) throw error;
      this.#trouble = { since: performance.now(), ...this.#trouble, reason: error.message };
    } finally {
      this.#isLooking = false;
    }
    this.#show();
  }

  #act(action: Action): void {
    if (action === 'quit') return this.#end();
    if (action === 'suspend') return this.#screen?.suspend();
    if (!this.#view.isHelp) this.#operate(action);
    this.#view = changed(this.#view, action, this.#page);
    this.#show();
  }

  #operate(action: Action): void {
    const { server } = this.#options.feed;
    const scale = (by: number): Promise<Outcome> => operate(server, '/scale', { by } satisfies ScaleTarget);
    if (action === 'reload') void this.#tell('reload', operate(server, '/reload', {}));
    if (action === 'more') void this.#tell('scale', scale(1));
    if (action === 'fewer') void this.#tell('scale', scale(-1));
  }

  async #tell(what: string, asked: Promise<Outcome>): Promise<void> {
    this.#say(`${what} asked for`);
    try {
      const outcome = await asked;
      if (outcome.ok) this.#say(`${what} done in ${duration(outcome.took)}`);
      else this.#say(`${what} failed: ${outcome.reason}`);
    } catch (error) {
      this.#say(`${what} failed: ${(error as Error).message}`);
    }
  }

  #say(text: string): void {
    this.#news = { text, until: performance.now() + NEWS };
    this.#show();
  }

  #show(): void {
    if (this.#screen === undefined) return;
    const frame = frameOf(this.#history, this.#view, this.#message(), this.#screen.room, this.#options.style);
    this.#view = { ...this.#view, offset: frame.offset };
    this.#page = frame.page;
    this.#screen.show(frame.lines);
  }

  #message(): string {
    const now = performance.now();
    if (this.#trouble !== undefined) {
      const { reason, since } = this.#trouble;
      return `${reason} (for ${duration(Math.round((now - since) / 1000) * 1000)}; shown is what was)`;
    }
    return now < this.#news.until ? this.#news.text : '';
  }
}
