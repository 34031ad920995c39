import type { Socket } from 'node:net';
import { isAlive, type Slots } from '../../balance/slots.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import type { Mover } from './migration.ts';

/** Connections on their way at once. The primary refuses those beyond 256. */
const MOST_ON_THE_WAY = 200;

export interface EveryAnswerParts {
  readonly migration: Pick<Mover, 'onTheWay' | 'watch' | 'move'>;
  readonly requests: { tellFree(onFree: (socket: Socket) => void): void };
  /** Until when each slot is offered none; monotonic, ms. */
  readonly closedUntil: ArrayLike<number>;
  /** Undefined in a spare. */
  readonly slot: () => number | undefined;
  readonly isServing: () => boolean;
  readonly look: (now: number) => Slots | undefined;
}

/**
 * A policy for tests: each connection that can move goes to the next slot when it has been answered. So an application that
 * keeps something by connection misses it at once, and not at the next deploy. This policy takes the place of the leveller, and
 * its moves count as `level`.
 *
 * Owns no connection.
 */
export class EveryAnswer {
  readonly #parts: EveryAnswerParts;
  #answered: Socket[] = [];
  /** Connections for which there was no room on the way. One that is in use again by then stays until it is answered. */
  readonly #waiting: Socket[] = [];

  constructor(parts: EveryAnswerParts) {
    this.#parts = parts;
  }

  begin(): void {
    this.#parts.requests.tellFree((socket) => {
      // In the next turn what came with the last request has been parsed, and Node's own work after a response is done.
      if (this.#answered.push(socket) === 1) setImmediate(() => this.#moveAnswered());
    });
  }

  #moveAnswered(): void {
    this.#waiting.push(...this.#answered);
    this.#answered = [];
    // Connections come all the time, and each is to be watched from its first answer on.
    this.#parts.migration.watch(this);
    this.#moveWaiting();
  }

  #moveWaiting(): void {
    const { migration, isServing } = this.#parts;
    while (this.#waiting.length > 0 && migration.onTheWay < MOST_ON_THE_WAY) {
      const socket = this.#waiting.shift()!;
      const to = isServing() ? this.#next() : undefined;
      if (to !== undefined) migration.move(socket, to, 'level', () => this.#moveWaiting());
    }
  }

  /** The first slot after this one that takes connections. */
  #next(): number | undefined {
    const { slot, look, closedUntil } = this.#parts;
    const now = monotonic();
    const [own, slots] = [slot(), look(now)];
    if (own === undefined || slots === undefined) return undefined;
    for (let step = 1; step < slots.slots; step++) {
      const to = (own + step) % slots.slots;
      if (isAlive(slots, to, now) && now >= closedUntil[to]!) return to;
    }
    return undefined;
  }
}
