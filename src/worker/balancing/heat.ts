import { afterGiving, COOL, handicapOf, judgeOverload, type Look } from '../../balance/overload.ts';

/**
 * What the leveller remembers of this worker's overload: for how long the worker has been hot, and how many connections it has
 * given away for that. The pure policy decides.
 */
export class Heat {
  #overload = COOL;
  /** How many slots there are beside this worker's. */
  #others = 0;

  /** Whether nothing is remembered: the next looks would change nothing as long as the worker has no connections. */
  get isCool(): boolean {
    const { hot, rest, handicap } = this.#overload;
    return hot === 0 && rest === 0 && handicap === 0;
  }

  /** How many connections more than it has this worker counts. */
  get handicap(): number {
    return handicapOf(this.#overload);
  }

  /** @returns how many connections to give. */
  judge(look: Look): number {
    const { overload, give } = judgeOverload(this.#overload, look);
    this.#overload = overload;
    this.#others = look.others.length;
    return give;
  }

  /** @param count -1 for a connection that stays after all. */
  gave(count: 1 | -1): void {
    this.#overload = afterGiving(this.#overload, count, this.#others);
  }
}
