import type { RecordedEvent } from '../../control/controls.ts';
import { element, shape } from './parts/dom.ts';
import type { Model } from './model.ts';
import { tell } from './words.ts';

/** The list of events, the newest first. */
export class Events {
  readonly #list: HTMLElement;
  /** The items by their content. After a reconnection all events arrive again and must not be read out again. */
  readonly #items = new Map<string, HTMLElement>();

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  show({ events }: Model): void {
    // Earlier events are not read out to a new viewer. New events are.
    const isFirst = this.#items.size === 0;
    const kept = new Map(events.map((event) => [JSON.stringify(event), event]));
    for (const [key, item] of this.#items) {
      if (kept.has(key)) continue;
      item.remove();
      this.#items.delete(key);
    }
    for (const [key, event] of [...kept].toReversed()) {
      if (this.#items.has(key)) continue;
      const item = itemOf(event);
      this.#items.set(key, item);
      this.#list.prepend(item);
    }
    if (!isFirst) this.#list.setAttribute('aria-live', 'polite');
  }
}

function itemOf(event: RecordedEvent): HTMLElement {
  const { shape: form, tone, text, detail } = tell(event);
  const at = new Date(event.at);
  const time = element('time', { datetime: event.at, title: at.toLocaleString() }, clock(at));
  const words = element('span', { class: 'words' }, text, ...(detail === '' ? [] : [element('small', {}, detail)]));
  return element('li', { 'data-tone': tone }, time, shape(form), words);
}

function clock(at: Date): string {
  return at.toLocaleTimeString([], { hour12: false });
}
