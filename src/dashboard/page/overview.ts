import type { Row } from '../../cli/top/history.ts';
import type { Status } from '../../control/controls.ts';
import { element, find, setAttribute, setText, shape } from './parts/dom.ts';
import { lookOf } from './states.ts';
import { idOf } from './parts/tile.ts';

/** All workers in one line, and links to those in trouble. With many workers, a tile may be far below. */
export class Overview {
  readonly #serving = find('#serving');
  readonly #shapes = find('#overview');
  readonly #troubles = find('#troubles');
  #shown = '';

  show({ workers: { serving, wanted } }: Status, rows: readonly Row[]): void {
    const hung = rows.filter(({ state }) => state === 'hung').length;
    setText(this.#serving, `${serving - hung} of ${wanted} serve`);
    this.#showShapes(rows);
    const troubled = rows.filter(({ state }) => lookOf(state).tone === 'bad');
    const shown = troubled.map(({ key, state }) => `${key} ${state}`).join();
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#troubles.replaceChildren(...troubled.map(linkTo));
  }

  #showShapes(rows: readonly Row[]): void {
    while (this.#shapes.childElementCount > rows.length) this.#shapes.lastElementChild!.remove();
    for (const [at, { state }] of rows.entries()) {
      const look = lookOf(state);
      const mark = this.#shapes.children[at] ?? this.#shapes.appendChild(element('span', {}, shape(look.shape)));
      setAttribute(mark, 'data-tone', look.tone);
      setAttribute(mark.querySelector('use')!, 'href', `#shape-${look.shape}`);
    }
  }
}

function linkTo({ key, title, state }: Row): HTMLElement {
  const link = element('a', { href: `#${idOf(key)}` }, shape(lookOf(state).shape), `Slot ${title} ${state}`);
  return element('li', { 'data-tone': 'bad' }, link);
}
