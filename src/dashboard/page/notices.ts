import { duration } from '../../format/duration.ts';
import type { Status } from '../../control/controls.ts';
import { element, shape } from './parts/dom.ts';
import type { Tone } from './states.ts';
import type { Link } from './feed/stream.ts';

interface Notice {
  readonly text: string;
  readonly shape: string;
  readonly tone: Tone;
  /** The last output of a failed worker. */
  readonly words?: string | undefined;
  /** The progress of an operation, 0 to 1. */
  readonly progress?: number;
}

/** How long the outcome of an operation is shown. Bad news stays longer. */
const NEWS_MS = 10_000;
const BAD_NEWS_MS = 60_000;

/** A connection that returns sooner than this, as in an upgrade, was not worth a notice. */
const BRIEF_MS = 1200;

/** Notices beside the figures: running operations, their outcomes, and whether the figures are current. */
export class Notices {
  readonly #place: HTMLElement;
  #link: Link = { kind: 'connecting' };
  #status: Status | undefined;
  /** The server's time of the figures that are shown. */
  #seen = 0;
  #news: Notice | undefined;
  #forget = 0;
  #late: number | undefined;
  #shown = '';

  constructor(place: HTMLElement) {
    this.#place = place;
  }

  link(link: Link): void {
    const mayBeBrief = link.kind === 'lost' && this.#link.kind === 'live';
    if (mayBeBrief) this.#late ??= setTimeout(() => this.#linked(link), BRIEF_MS);
    else this.#linked(link);
  }

  #linked(link: Link): void {
    clearTimeout(this.#late);
    this.#late = undefined;
    this.#link = link;
    this.#show();
  }

  status(status: Status, now: number): void {
    this.#status = status;
    this.#seen = now;
    this.#show();
  }

  /** Shows the outcome of an operation. */
  tell(text: string, tone: Tone, words?: string): void {
    this.#news = { text, tone, words, shape: tone === 'bad' ? 'crash' : 'turn' };
    clearTimeout(this.#forget);
    this.#forget = setTimeout(() => this.#silence(), tone === 'bad' ? BAD_NEWS_MS : NEWS_MS);
    this.#show();
  }

  #silence(): void {
    this.#news = undefined;
    this.#show();
  }

  /** Rebuilds the notices only when their text changes, because they are read out then. */
  #show(): void {
    const notices = [this.#linkNotice(), this.#operationNotice(), this.#news].filter((notice) => notice !== undefined);
    const shown = JSON.stringify(notices);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#place.replaceChildren(...notices.map(noticeElement));
  }

  #linkNotice(): Notice | undefined {
    const { kind } = this.#link;
    if (kind === 'live' || kind === 'connecting') return undefined;
    const since = this.#seen === 0 ? '' : ` The figures are from ${clock(this.#seen)}.`;
    if (kind === 'ended') {
      return {
        text: `The server has stopped.${since} This page continues when the server is back.`,
        shape: 'stopped',
        tone: 'quiet',
      };
    }
    if (kind === 'lost') return { text: `No connection to the server.${since}`, shape: 'crash', tone: 'bad' };
    if (kind === 'full')
      return { text: 'Too many dashboards are open: close another one.', shape: 'waiting', tone: 'busy' };
    return { text: 'Nothing is shown without the right token.', shape: 'key', tone: 'bad' };
  }

  #operationNotice(): Notice | undefined {
    if (this.#status === undefined || this.#link.kind !== 'live') return undefined;
    const { operation, generation, slots, workers } = this.#status;
    if (operation === 'reload') {
      const done = slots.filter(({ worker }) => worker?.generation === generation && worker.state === 'serving').length;
      const text = `Reload: ${done} of ${slots.length} workers are of generation ${generation}`;
      return { text, shape: 'turn', tone: 'busy', progress: done / slots.length };
    }
    if (operation === 'scale') {
      const text = `Scaling to ${workers.wanted} workers: ${workers.serving} serve`;
      return { text, shape: 'turn', tone: 'busy' };
    }
    return operation === null
      ? undefined
      : { text: `${capitalized(operation)} in progress`, shape: 'turn', tone: 'busy' };
  }
}

function noticeElement({ text, shape: form, tone, words, progress }: Notice): HTMLElement {
  const notice = element('div', { class: 'notice', 'data-tone': tone }, shape(form), element('p', {}, text));
  if (words !== undefined && words !== '') notice.append(element('pre', {}, words));
  if (progress !== undefined) {
    notice.append(element('progress', { max: '1', value: String(progress), 'aria-label': text }));
  }
  return notice;
}

function clock(at: number): string {
  return new Date(at).toLocaleTimeString([], { hour12: false });
}

export function capitalized(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** Formats an outcome such as `Reload done in 412ms`. */
export function doneWords(what: string, took: number): string {
  return `${capitalized(what)} done in ${duration(took)}`;
}
