import { setAttribute } from './dom.ts';
import type { Model } from '../model.ts';
import { Overview } from '../overview.ts';
import { Tile } from './tile.ts';

/** A larger number of tiles is shown more densely. */
const FEW = 12;

/**
 * The tiles of all workers, and of the slots without one. The object owns a tile for each place, which stays when its
 * worker changes.
 */
export class Tiles {
  readonly #list: HTMLElement;
  readonly #tiles = new Map<string, Tile>();
  readonly #overview = new Overview();

  constructor(list: HTMLElement) {
    this.#list = list;
  }

  show({ status, history: { rows }, trails, now }: Model): void {
    if (status === undefined) return;
    const slots = new Map(status.slots.map((slot) => [`slot ${slot.slot}`, slot]));
    const most = Math.max(1, ...[...trails.values()].flat().map(({ rate }) => rate ?? 0));
    setAttribute(this.#list, 'data-density', rows.length > FEW ? 'many' : 'few');
    this.#keepOnly(new Set(rows.map(({ key }) => key)));
    for (const [at, row] of rows.entries()) {
      const tile = this.#tileOf(row.key);
      tile.show({ row, slot: slots.get(row.key), trail: trails.get(row.key) ?? [], now, most });
      if (this.#list.children[at] !== tile.element)
        this.#list.insertBefore(tile.element, this.#list.children[at] ?? null);
    }
    this.#overview.show(status, rows);
  }

  #tileOf(key: string): Tile {
    const tile = this.#tiles.get(key) ?? new Tile(key);
    this.#tiles.set(key, tile);
    return tile;
  }

  #keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, { element }] of this.#tiles) {
      if (keys.has(key)) continue;
      element.remove();
      this.#tiles.delete(key);
    }
  }
}
