import type { Socket } from 'node:net';
import type { Successor } from '../../ipc/messages.ts';
import type { Leaving } from '../draining/requests.ts';
import type { DrainMoves } from './drain-moves.ts';
import type { Mover } from './migration.ts';

/** How often a parked worker looks for connections that can move. */
const LOOK_MS = 100;

/** The same once it has none that ever will. */
const CALM_LOOK_MS = 1000;

export interface SheddingParts {
  readonly requests: { drain(leaving?: Leaving): void; stay(): void };
  readonly vitals: { emptied(isEmpty: boolean): void };
  /** Undefined where no connection moves. These moves are not those of the drain, which has its own. */
  readonly moves: DrainMoves | undefined;
  readonly migration: Pick<Mover, 'onTheWay' | 'sockets' | 'restOf'> | undefined;
}

/**
 * What a parked worker does with its connections. As in a drain, those that can move go to the worker that has the slot now, and
 * the clients of the others are told to close. Otherwise the worker goes on as before: it closes nothing by itself, calls no hook of
 * the application's, and keeps what neither moves nor ends, such as a WebSocket. So it can take its slot back at any moment.
 *
 * Owns a timer, which keeps no process alive.
 */
export class Shedding {
  readonly #parts: SheddingParts;
  #isOn = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SheddingParts) {
    this.#parts = parts;
  }

  /** @param successor undefined where no other worker takes connections: then their clients are told to close. */
  begin(successor?: Successor): void {
    if (this.#isOn) return;
    this.#isOn = true;
    const { requests, moves } = this.#parts;
    if (moves === undefined || successor === undefined) {
      requests.drain();
    } else {
      // The other worker may hang for a while. There is no hurry, so the moving is never given up.
      moves.whenGivenUp(() => moves.begin(successor, Infinity));
      moves.begin(successor, Infinity);
      requests.drain(moves);
    }
    this.#look();
  }

  /** Connections stay from now on. Idempotent. */
  end(): void {
    if (!this.#isOn) return;
    this.#isOn = false;
    clearTimeout(this.#timer);
    const { requests, moves } = this.#parts;
    moves?.whenGivenUp(() => {});
    moves?.stop();
    requests.stay();
  }

  #look(): void {
    this.#parts.moves?.look();
    const isEmpty = this.#isEmpty();
    this.#parts.vitals.emptied(isEmpty);
    this.#timer = setTimeout(() => this.#look(), isEmpty ? CALM_LOOK_MS : LOOK_MS).unref();
  }

  /** Whether no connection is left that will be another worker's. */
  #isEmpty(): boolean {
    const { migration } = this.#parts;
    if (migration === undefined) return true;
    return migration.onTheWay === 0 && !some(migration.sockets(), (one) => migration.restOf(one) !== 'never');
  }
}

function some(sockets: Iterable<Socket>, test: (socket: Socket) => boolean): boolean {
  for (const socket of sockets) if (test(socket)) return true;
  return false;
}
