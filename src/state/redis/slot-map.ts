import { nameOf, SLOTS, type Place, type SlotRange } from './slots.ts';

/** What is known of a cluster: which master has which slot, and which servers there are. */
export class SlotMap {
  readonly #given: readonly Place[];
  #owners: Array<Place | undefined> = [];
  #servers: readonly Place[] = [];
  #turn = 0;

  /** @param given the servers that the cluster was first asked for by. There is at least one. */
  constructor(given: readonly Place[]) {
    this.#given = given;
  }

  /** Replaces what was known by what a server of the cluster says. */
  learn(ranges: readonly SlotRange[]): void {
    this.#owners = [];
    for (const { first, last, servers } of ranges) {
      for (let slot = Math.max(0, first); slot <= Math.min(last, SLOTS - 1); slot++) this.#owners[slot] = servers[0];
    }
    this.#servers = ranges.flatMap(({ servers }) => servers);
  }

  move(slot: number, place: Place): void {
    this.#owners[slot] = place;
  }

  ownerOf(slot: number): Place | undefined {
    return this.#owners[slot];
  }

  /** Returns the names of those that have a slot. */
  masters(): ReadonlySet<string> {
    return new Set(this.#owners.flatMap((owner) => (owner === undefined ? [] : nameOf(owner))));
  }

  /** Returns another server each time: any of the cluster can tell of it, and the last one may be lost. */
  nextServer(): Place {
    const all = new Map([...this.#given, ...this.#servers].map((place) => [nameOf(place), place]));
    return [...all.values()][this.#turn++ % all.size]!;
  }
}
