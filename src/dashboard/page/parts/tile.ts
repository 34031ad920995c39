import type { Row } from '../../../cli/top/history.ts';
import { movedOut } from '../../../contract/moves.ts';
import type { SlotStatus } from '../../../control/controls.ts';
import { element, setAttribute, setText, svg, shape } from './dom.ts';
import { age, memory, NONE, rate, share, shown, whole } from '../figures.ts';
import { loopOf, type TrailPoint } from '../model.ts';
import { lookOf } from '../states.ts';
import { trailPaths, TRAIL_HEIGHT, TRAIL_WIDTH } from './trail.ts';

export interface TileFacts {
  readonly row: Row;
  /** Undefined for a worker beside the slot's own. */
  readonly slot: SlotStatus | undefined;
  readonly trail: readonly TrailPoint[];
  /** The present time by the server's clock. */
  readonly now: number;
  /** The requests a second at the top of every line. */
  readonly most: number;
}

/** The tile of a worker, or of a slot without one. The tile owns its element. */
export class Tile {
  readonly element = element('li', { class: 'tile' });
  readonly #shape = shape('note');
  readonly #title = element('h3');
  readonly #state = element('span', { class: 'state' });
  readonly #rate = element('span', { class: 'figure' });
  readonly #line = svg('path', { class: 'line' });
  readonly #area = svg('path', { class: 'area' });
  readonly #loop = element('dd');
  readonly #bar = element('span', { class: 'fill' });
  readonly #memory = element('dd');
  readonly #connections = element('dd');
  readonly #moved = element('dd');
  readonly #names = element('p', { class: 'names' });
  readonly #past = element('p', { class: 'past' });

  constructor(key: string) {
    this.element.id = idOf(key);
    const head = element('div', { class: 'head' }, this.#shape, this.#title, this.#state);
    const box = `0 0 ${TRAIL_WIDTH} ${TRAIL_HEIGHT}`;
    const trail = svg('svg', { class: 'trail', viewBox: box, preserveAspectRatio: 'none', 'aria-hidden': 'true' });
    trail.append(this.#area, this.#line);
    const bar = element('span', { class: 'bar', 'aria-hidden': 'true' }, this.#bar);
    this.element.append(
      head,
      element('p', { class: 'rate' }, this.#rate, element('span', { class: 'unit' }, ' req/s')),
      trail,
      element(
        'dl',
        {},
        ...pair('loop', this.#loop),
        ...pair('mem', this.#memory),
        ...pair('conns', this.#connections),
        ...pair('moved', this.#moved),
      ),
      bar,
      this.#names,
      this.#past,
    );
  }

  show({ row, slot, trail, now, most }: TileFacts): void {
    const look = lookOf(row.state);
    setAttribute(this.element, 'data-state', row.state);
    setAttribute(this.element, 'data-tone', look.tone);
    setAttribute(this.#shape.firstElementChild!, 'href', `#shape-${look.shape}`);
    setText(this.#title, row.slot === null ? 'Spare' : `Slot ${row.title}`);
    setText(this.#state, stateWords(row));
    setText(this.#rate, shown(row.rate, rate));
    this.#showFigures(row);
    const paths = trailPaths(trail, now, most);
    setAttribute(this.#line, 'd', paths.line);
    setAttribute(this.#area, 'd', paths.area);
    setText(this.#names, namesOf(row));
    setText(this.#past, slot === undefined ? '' : pastOf(slot, now));
    setAttribute(this.#past, 'title', slot?.lastExit?.text ?? '');
  }

  #showFigures(row: Row): void {
    const [loop] = [loopOf(row)].flat();
    const vitals = row.worker?.vitals;
    setText(this.#loop, shown(loop, share));
    this.#bar.style.setProperty('width', `${Math.round((loop ?? 0) * 100)}%`);
    setText(this.#memory, shown(vitals?.rss, memory));
    setText(this.#connections, shown(vitals?.connectionsOpen, whole));
    setText(this.#moved, shown(vitals && vitals.movedIn + movedOut(vitals), whole));
  }
}

/** Returns the id of a tile's element, for links to it. */
export function idOf(key: string): string {
  return key.replaceAll(' ', '-');
}

function pair(name: string, value: HTMLElement): HTMLElement[] {
  return [element('div', {}, element('dt', {}, name), value)];
}

/** Returns the state in words. A hung worker says since when. */
function stateWords({ state, worker }: Row): string {
  const beat = worker?.vitals?.beat;
  return state === 'hung' && beat !== undefined ? `hung ${age(beat)}` : state;
}

function namesOf({ worker }: Row): string {
  if (worker === null) return 'no worker';
  const names = [`pid ${worker.pid ?? NONE}`, `gen ${worker.generation}`, `up ${age(worker.uptime)}`];
  // Each part stays on one line when the whole text wraps.
  return names.map((name) => name.replace(' ', '\u00A0')).join(' · ');
}

function pastOf({ crashes, lastExit }: SlotStatus, now: number): string {
  if (crashes === 0 || lastExit === null) return '';
  const ago = age(now - Date.parse(lastExit.at));
  // The rest of the text is in the title and among the events.
  const [why] = lastExit.text.split(' (');
  return `${crashes} ${crashes === 1 ? 'crash' : 'crashes'} · ${ago} ago: ${why}`;
}
