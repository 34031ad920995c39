import type { Happened } from '../../control/controls.ts';
import { element, shape } from './dom.ts';
import type { Model } from './model.ts';
import { tell } from './words.ts';

/** What happened, the newest first. */
export class Events {
  readonly #list: HTMLElement;
  readonly #items = new Map<Happened, HTMLElement>();

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  show({ events }: Model): void {
    // What had happened before somebody came is not read out; what happens now is.
    const isFirst = this.#items.size === 0;
    const kept = new Set(events);
    for (const [happened, item] of this.#items) {
      if (kept.has(happened)) continue;
      item.remove();
      this.#items.delete(happened);
    }
    for (const happened of events.toReversed()) {
      if (this.#items.has(happened)) continue;
      const item = itemOf(happened);
      this.#items.set(happened, item);
      this.#list.prepend(item);
    }
    if (!isFirst) this.#list.setAttribute('aria-live', 'polite');
  }
}

function itemOf(happened: Happened): HTMLElement {
  const { shape: form, tone, text, detail } = tell(happened);
  const at = new Date(happened.at);
  const time = element('time', { datetime: happened.at, title: at.toLocaleString() }, clock(at));
  const words = element('span', { class: 'words' }, text, ...(detail === '' ? [] : [element('small', {}, detail)]));
  return element('li', { 'data-tone': tone }, time, shape(form), words);
}

function clock(at: Date): string {
  return at.toLocaleTimeString([], { hour12: false });
}
