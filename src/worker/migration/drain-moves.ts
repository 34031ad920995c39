import type { Socket } from 'node:net';
import { chooseDestination } from '../../balance/destination.ts';
import { isAlive, type Slots } from '../../balance/slots.ts';
import type { Successor } from '../../ipc/messages.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import type { Mover } from './migration.ts';
import type { Leaving } from '../draining/requests.ts';
import { Pace } from './pace.ts';

/**
 * Connections on their way at once. Each holds its client up for as long as those before it take, and each process
 * has as many to do without a pause, for which all else on its core waits.
 */
const MOST_ON_THE_WAY = 16;

/**
 * The same at the beginning, and one more with each that is taken. A successor that has just booted runs most of its code for the first
 * time, and few clients should wait for that. Workers that have served for a while begin with the most.
 */
const FIRST_ON_THE_WAY = 1;

/** When a successor has taken no connection for so long, though some were to move and it answers, the clients are told to go. */
const LONGEST_STANDSTILL_MS = 3000;

/** Looks are more often than this. A worker that gets no CPU looks later, which says nothing of its successor. */
const LONGEST_STEP_MS = 250;

/**
 * So many connections are looked at in a turn of the event loop, which takes a millisecond. Clients that still have requests here
 * would wait for all of thousands.
 */
const MOST_LOOKED_AT = 256;

/** How old the view of the other slots may be, ms. What was sent there since counts. */
const AGE_MS = 20;

export interface DrainMovesParts {
  readonly migration: Mover;
  /** Until when each slot is offered none; monotonic, ms. */
  readonly closedUntil: ArrayLike<number>;
  readonly slot: () => number | undefined;
  readonly isSticky: boolean;
  /** The view of the slots. Undefined where there is no scoreboard: then connections go to the successor alone. */
  readonly look: (now: number) => Slots | undefined;
}

/**
 * The policy of a drain with a successor: every connection that can move does. Silent ones go first, one after another. Meanwhile
 * clients that ask are served here, where the code is warm and no sockets are made. Then a connection in use goes when a request
 * of it has been answered, which is when its client is least likely to ask. When no connection is taken any more this gives up, and
 * the drain goes on as one without a successor.
 *
 * Owns no connection.
 */
export class DrainMoves implements Leaving {
  readonly #parts: DrainMovesParts;
  #givenUp: () => void = () => {};
  #successor: Successor | undefined;
  #patience = LONGEST_STANDSTILL_MS;
  /** How long the successor has taken none by now, ms. */
  #standstill = 0;
  /** The last look at that, monotonic, ms. */
  #steppedAt = 0;
  /** When a connection was last taken, monotonic, ms. */
  #takenAt = -Infinity;
  /** Whether a connection that was on its way has been answered since then. */
  #isAnswered = false;
  /** Connections that were idle at the last look, and have not been answered since. They may not be idle any more. */
  readonly #silent = new Set<Socket>();
  /** The connections that the look has still to see. */
  #unseen: Socket[] = [];
  /** Whether the first look has seen all. Nothing moves before. */
  #hasSeen = false;
  readonly #pace = new Pace(() => this.#moveSilent());
  /** The time in which the moving should be over, ms, and its beginning, monotonic, ms. */
  #within = 0;
  #begunAt = 0;
  /** Connections that were answered in this turn of the event loop. */
  #answered: Socket[] = [];
  /** How many may be on their way by now. */
  #room = FIRST_ON_THE_WAY;
  /** The other slots as they were at the last look, and with what was sent there since. */
  #slots: (Slots & { readonly coming: Float64Array }) | undefined;
  #lookedAt = -Infinity;

  constructor(parts: DrainMovesParts) {
    this.#parts = parts;
  }

  /** @param listener hears that the moving has been given up: clients that are left are to be told to go from now on */
  whenGivenUp(listener: () => void): void {
    this.#givenUp = listener;
  }

  /** @param within the time in which the moving should be over, ms. */
  begin(successor: Successor, within: number): void {
    this.#successor = successor;
    this.#patience = Math.min(LONGEST_STANDSTILL_MS, within / 2);
    this.#standstill = 0;
    this.#hasSeen = false;
    this.#room = successor === 'any' ? MOST_ON_THE_WAY : FIRST_ON_THE_WAY;
    this.#steppedAt = this.#begunAt = monotonic();
    this.#within = within;
  }

  /** Has another successor take the rest. After giving up this does nothing: clients were told to go by then. */
  redirect(successor: Successor, within: number): void {
    if (this.#successor !== undefined) this.begin(successor, within);
  }

  /** Ends the moving: from now on no connection begins to move. Idempotent. */
  stop(): void {
    this.#successor = undefined;
    this.#silent.clear();
    this.#unseen = [];
    this.#answered = [];
    this.#pace.end();
    this.#parts.migration.unwatch(this);
  }

  /** Whether connections still go on to move: one is on its way, or was taken not long ago and others are left that can. */
  get isProgressing(): boolean {
    if (this.#successor === undefined) return false;
    if (this.#parts.migration.onTheWay > 0) return true;
    return monotonic() - this.#takenAt < this.#patience && this.#isAnyLeft();
  }

  #isAnyLeft(): boolean {
    const { migration } = this.#parts;
    for (const socket of migration.sockets()) if (migration.restOf(socket) !== 'never') return true;
    return false;
  }

  canMove(socket: Socket): boolean {
    return this.#successor !== undefined && this.#parts.migration.restOf(socket) !== 'never';
  }

  readonly onFree = (socket: Socket): void => {
    if (this.#successor === undefined) return;
    this.#silent.delete(socket);
    // In the next turn what came with the last request has been parsed, and Node's own work after a response is done.
    if (this.#answered.push(socket) === 1) setImmediate(() => this.#moveAnswered());
  };

  /** Looks for idle connections, when all silent ones that were found before have gone. This should be called every now and then. */
  look(): void {
    if (this.#successor === undefined) return;
    if (this.#unseen.length === 0 && (!this.#hasSeen || this.#silent.size === 0)) this.#findIdle();
    const isAwaited = this.#parts.migration.onTheWay > 0 && !this.#isAnswered;
    this.#moveSilent();
    this.#step(isAwaited || this.#areAllSlow());
    if (this.#standstill > this.#patience) this.#giveUp();
  }

  #findIdle(): void {
    // Others may have come meanwhile: they came back, or were on their way here when the drain began.
    this.#parts.migration.watch(this);
    this.#unseen = [...this.#parts.migration.sockets()];
    this.#seeMore();
  }

  #seeMore(): void {
    for (const one of this.#unseen.splice(-MOST_LOOKED_AT)) {
      if (this.#parts.migration.restOf(one) === 'free') this.#silent.add(one);
    }
    if (this.#unseen.length > 0) {
      setImmediate(() => this.#goOnSeeing());
      return;
    }
    this.#hasSeen = true;
    this.#pace.begin(this.#silent.size, this.#begunAt, this.#within / 2);
  }

  #goOnSeeing(): void {
    // None is left when the moving was stopped meanwhile.
    if (this.#unseen.length === 0) return;
    this.#seeMore();
    this.#moveSilent();
  }

  /**
   * Counts the time without a connection that was taken. While answers are awaited it does not count: a successor that is slow, as
   * each is on a machine with too much to do, takes them in the end.
   *
   * @param isAwaited whether an answer is, or other workers whose event loops take long for a turn
   */
  #step(isAwaited: boolean): void {
    const now = monotonic();
    const isIdle = this.#silent.size === 0 && this.#parts.migration.onTheWay === 0;
    if (isIdle) this.#standstill = 0;
    else if (!isAwaited) this.#standstill += Math.min(now - this.#steppedAt, LONGEST_STEP_MS);
    this.#steppedAt = now;
    this.#isAnswered = false;
  }

  #moveSilent(): void {
    // What is found goes at the pace of all that are found.
    if (!this.#hasSeen || this.#unseen.length > 0) return;
    let due = this.#pace.due(this.#silent.size);
    for (const socket of this.#silent) {
      if (due-- <= 0 || this.#parts.migration.onTheWay >= this.#room || !this.#move(socket)) return;
      this.#silent.delete(socket);
    }
  }

  #moveAnswered(): void {
    const answered = this.#answered;
    this.#answered = [];
    // The look finds those that are answered before all silent ones have gone.
    if (!this.#hasSeen || this.#pace.isOn) return;
    for (const socket of answered) {
      if (this.#parts.migration.onTheWay >= this.#room) return;
      this.#move(socket);
    }
  }

  /** @returns false when there is nowhere to go. A connection that is not free any more is looked at again later. */
  #move(socket: Socket): boolean {
    const to = this.#destination();
    if (to === undefined) return false;
    const hasBegun = this.#parts.migration.move(
      socket,
      to,
      this.#successor === 'upgrade' ? 'upgrade' : 'drain',
      (how) => {
        this.#isAnswered = true;
        if (how === 'taken') {
          this.#standstill = 0;
          this.#takenAt = monotonic();
          this.#room = Math.min(this.#room + 1, MOST_ON_THE_WAY);
        }
        if (!this.#pace.isOn) this.#moveSilent();
      },
    );
    if (hasBegun && this.#slots !== undefined) this.#slots.coming[to]!++;
    return true;
  }

  #destination(): number | undefined {
    const { slot, isSticky, closedUntil } = this.#parts;
    const own = slot();
    if (own === undefined || this.#successor === undefined) return undefined;
    const now = monotonic();
    const isOpen = (to: number): boolean => !(now < closedUntil[to]!);
    // The next primary knows its workers, and this worker does not.
    if (this.#successor === 'upgrade') return isOpen(own) ? own : undefined;
    const leaver = { own, hasSuccessor: this.#successor === 'slot', isSticky };
    if (leaver.hasSuccessor && isOpen(own)) return own;
    if (now - this.#lookedAt >= AGE_MS) {
      const slots = this.#parts.look(now);
      this.#slots = slots && { ...facts(slots), coming: Float64Array.from(slots.coming) };
      this.#lookedAt = now;
    }
    return this.#slots && chooseDestination(leaver, this.#slots, now, isOpen);
  }

  /** Whether there is nowhere to go only because the other workers are late with their beat. They take connections when they go on. */
  #areAllSlow(): boolean {
    const slots = this.#slots;
    const { closedUntil, slot, isSticky } = this.#parts;
    if (slots === undefined || isSticky || this.#successor !== 'any') return false;
    const now = monotonic();
    const others = Array.from({ length: slots.slots }, (_, index) => index).filter(
      (index) => index !== slot() && slots.beats[index]! > 0 && !(now < closedUntil[index]!),
    );
    return others.length > 0 && others.every((index) => !isAlive(slots, index, now));
  }

  #giveUp(): void {
    this.stop();
    this.#givenUp();
  }
}

function facts({ slots, beats, open }: Slots): Omit<Slots, 'coming'> {
  return { slots, beats, open };
}
