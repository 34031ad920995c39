/** This stands for no state: the event must not happen. */
const ILLEGAL = 255;

/** The events that may happen in each state, and the state after each. */
export type Rows<State extends string, Event extends string> = Readonly<
  Record<State, Readonly<Partial<Record<Event, State>>>>
>;

/**
 * A machine as data: what may happen when, and what comes of it. Rows are written with names, and looked up by integers
 * with one load of a byte (2 ns). A request passes through eight of them.
 */
export class TransitionTable<State extends string = string, Event extends string = string> {
  readonly states: readonly State[];
  readonly events: readonly Event[];
  readonly #what: string;
  readonly #width: number;
  readonly #next: Uint8Array;

  /**
   * @param what the subject of the table.
   * @param states in the order of their integers.
   * @param events in the order of their integers.
   */
  constructor(what: string, states: readonly State[], events: readonly Event[], rows: Rows<State, Event>) {
    this.states = states;
    this.events = events;
    this.#what = what;
    this.#width = events.length;
    this.#next = new Uint8Array(states.length * events.length).fill(ILLEGAL);
    for (const [state, name] of states.entries()) {
      for (const [event, after] of Object.entries(rows[name]) as Array<[Event, State]>) {
        this.#next[state * this.#width + events.indexOf(event)] = states.indexOf(after);
      }
    }
  }

  allows(state: number, event: number): boolean {
    return this.#next[state * this.#width + event] !== ILLEGAL;
  }

  /**
   * Returns the state after an event. @throws Error when the event must not happen: an error of this server, never of
   * its user
   */
  next(state: number, event: number): number {
    const next = this.#next[state * this.#width + event]!;
    if (next === ILLEGAL) this.#refuse(state, event);
    return next;
  }

  #refuse(state: number, event: number): never {
    throw new Error(`prefork/http: ${this.#what}: no ${this.events[event]} while ${this.states[state]}`);
  }
}
