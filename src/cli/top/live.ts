import { operate } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';
import type { Outcome } from '../../contract/outcome.ts';
import { duration } from '../../format/duration.ts';
import type { Feed } from './feed.ts';
import { frameOf } from './frame.ts';
import { advance, noHistory, type History } from './history.ts';
import { readKeys, type Action } from './keys.ts';
import { Screen } from './screen.ts';
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

/**
 * The live table. It owns the screen and the timer of the samples. `run` settles when the user quits, and everything is
 * closed then.
 */
export class Live {
  readonly #options: LiveOptions;
  #history: History = noHistory;
  #view: View = firstView;
  #page = 1;
  /** Why the last sample failed, and since when samples have failed. */
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

  /** Takes one sample at a time: a server is not asked again before the last request has ended. */
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
      return `${reason} (for ${duration(Math.round((now - since) / 1000) * 1000)}; the table shows the last known state)`;
    }
    return now < this.#news.until ? this.#news.text : '';
  }
}
