/** Something that was asked of a server. Times are ms since the epoch. */
export interface Action {
  /** `reload`, `scale 4`, `SIGHUP` */
  readonly name: string;
  readonly from: number;
  /** Undefined while it goes on. A signal is over at once. */
  readonly to: number | undefined;
}

/** What was asked of a server so far, in the order of time. */
export class Actions {
  readonly #all: Action[] = [];

  get all(): readonly Action[] {
    return this.#all;
  }

  /** Takes down something that is over as soon as it is done. */
  add(name: string): void {
    const now = Date.now();
    this.#all.push({ name, from: now, to: now });
  }

  /** Takes down something that takes its time, whatever comes of it, unless it throws before it has begun. */
  during<Result>(name: string, run: () => Promise<Result>): Promise<Result> {
    const from = Date.now();
    const done = run();
    const at = this.#all.push({ name, from, to: undefined }) - 1;
    return done.finally(() => (this.#all[at] = { name, from, to: Date.now() }));
  }
}

/**
 * What was going on then, or was done last: `during reload no. 2`, `0.3 s after scale 1`. Workers drain for a while after what replaced
 * them is over.
 *
 * @param at ms since the epoch
 */
export function actionAt(actions: readonly Action[], at: number): string {
  const index = actions.findLastIndex(({ from }) => from <= at);
  if (index < 0) return 'before anything was done';
  const { name, to } = actions[index]!;
  const nth = actions.slice(0, index + 1).filter((one) => one.name === name).length;
  const isOne = actions.filter((one) => one.name === name).length === 1;
  const which = isOne ? name : `${name} no. ${nth}`;
  return to === undefined || at <= to ? `during ${which}` : `${((at - to) / 1000).toFixed(1)} s after ${which}`;
}
