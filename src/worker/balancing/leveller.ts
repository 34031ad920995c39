import type { Socket } from 'node:net';
import {
  isChance,
  isFilling,
  LATEST_MS,
  TOLD_AFTER_MS,
  transfersFrom,
  type SlotLoad,
} from '../../balance/levelling.ts';
import { partOf } from '../../balance/overload.ts';
import { isAlive } from '../../balance/slots.ts';
import type { HandoffEnd, MoveReason } from '../../ipc/messages.ts';
import { BEAT_MS } from '../../contract/limits.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import type { Migration, Mover } from '../migration/migration.ts';
import type { Requests } from '../draining/requests.ts';
import { LoadView } from '../../scoreboard/load-view.ts';
import { NO_BOARD } from '../../scoreboard/rows.ts';
import type { Handoffs } from './handoffs.ts';
import type { Heat } from './heat.ts';
import { Turnover } from './turnover.ts';

/** Connections on their way at once, as for a drain. Each holds its client up for as long as those before it take. */
const MOST_ON_THE_WAY = 8;

/**
 * So many slots are looked at at each beat. Of more of them each worker reads more, so all look less often, at the same beats: the
 * cost of all looks together grows with the workers, and not with their square.
 */
const MOST_LOOKED_AT = 32;

/** A timer may be early by so much, ms. */
const ROUNDING_MS = 2;

/** A connection that has just moved stays for so long. If its move was wrong, the rows show that by then. */
const STAY_MS = 1000;

/**
 * A worker looks at so many connections in a beat, on average, to see which cannot move. That takes half a millisecond. Of more
 * of them it knows that from a few beats ago.
 */
const MOST_COUNTED = 1000;

/** A request whose body has not come whole after so long does not end soon. A head mostly comes at once. */
const STUCK_MS = 1000;

/** A worker that has not answered for so long is sent no more. */
const LONGEST_SILENCE_MS = 250;

export interface LevellerParts {
  readonly migration: Mover & Pick<Migration, 'receiving'>;
  readonly handoffs: Pick<Handoffs, 'pairs' | 'heard' | 'closedUntil' | 'moves'>;
  readonly servers: { open(): number; accepted(): number };
  readonly requests: Pick<Requests, 'tellFree' | 'answeringSince'>;
  readonly vitals: { onBeat(listener: (beat: number) => void): void };
  readonly heat: Heat;
  /** When a connection came here from another worker, monotonic, ms; undefined for one that was accepted here. */
  readonly arrivedAt: (socket: Socket) => number | undefined;
  /** Undefined in a spare. */
  readonly slot: () => number | undefined;
  /** This worker's slot is its own: it does not drain, and is not parked. */
  readonly isServing: () => boolean;
  /** The scoreboard's path. */
  readonly board: string;
}

const NONE: Iterator<Socket, undefined> = [].values();

/** A part of a plan: how many connections are still to go to a slot. */
interface Part {
  readonly to: number;
  readonly reason: MoveReason;
  left: number;
}

/** What has become of connections since the last beat. */
interface Changes {
  readonly ended: number;
  /** Those that have come from workers that leave. */
  readonly came: number;
}

/**
 * Gives connections away at each beat of the clock that all workers share. A worker gives those that it has beyond its share.
 * While it stays busier than the others, it gives some of those in use. The pure policies decide. The rest of a plan that is
 * not done at the next beat is decided anew.
 *
 * Owns a view of the scoreboard for as long as the process lives, and between a beat and its look a timer, which keeps no process
 * alive.
 */
export class Leveller {
  readonly #parts: LevellerParts;
  readonly #view: LoadView;
  readonly #turnover: Turnover;
  #beat = 0;
  #endedBefore = 0;
  #cameBefore = 0;
  /** How many connections could not move when that was last counted, and the beat at which it may be counted again. */
  #fixed = 0;
  #countDue = 0;
  #plan: Part[] = [];
  /** Connections that have not been looked at since the beat. Those that are free are found one after another, as far as there is need. */
  #free: Iterator<Socket, undefined> = NONE;
  /** A free one that was found, and could not go yet. */
  #next: Socket | undefined;
  /** Connections that were answered in this turn of the event loop. */
  #answered: Socket[] = [];

  private constructor(parts: LevellerParts, view: LoadView) {
    this.#parts = parts;
    this.#view = view;
    this.#turnover = new Turnover(() => parts.migration.sockets());
  }

  /** Begins to level, unless there is no scoreboard. */
  static start(parts: LevellerParts): void {
    if (parts.board === NO_BOARD) return;
    const leveller = new Leveller(parts, new LoadView(parts.board));
    parts.vitals.onBeat((beat) => leveller.#onBeat(beat));
  }

  /** The row is written: also that of a worker which drains, with what it still has and what it has sent to its successor. */
  #onBeat(beat: number): void {
    if (!this.#isLook(beat)) {
      if (this.#isLook(beat + BEAT_MS)) this.#count();
      return;
    }
    this.#beat = beat;
    this.#plan = [];
    this.#forgetFree();
    // A worker that has none gives none.
    if (this.#parts.servers.open() === 0 && this.#parts.heat.isCool) this.#begin(undefined, []);
    else this.#lookSoon(beat);
  }

  /** Between two looks the plan of the last one goes on. */
  #isLook(beat: number): boolean {
    return Math.round(beat / BEAT_MS) % this.#beatsPerLook === 0;
  }

  get #beatsPerLook(): number {
    return Math.max(1, Math.ceil(this.#view.slots / MOST_LOOKED_AT));
  }

  /** The rules are about what changes within a beat. So a look counts from the beat before it, and not from the look before. */
  #count(): void {
    this.#cameFromLeavers();
    this.#turnover.passing(this.#ended(), this.#parts.servers.open());
  }

  #lookSoon(beat: number): void {
    setTimeout(() => this.#look(beat), TOLD_AFTER_MS).unref();
  }

  #look(beat: number): void {
    // The event loop did not turn for long, and the next beat is there.
    if (beat !== this.#beat) return;
    const now = monotonic();
    const own = this.#parts.isServing() ? this.#parts.slot() : undefined;
    const slots = own !== undefined && this.#view.refresh(now) ? this.#slotsNow(beat, now) : [];
    if (slots.some(({ isFresh }) => !isFresh) && now - beat < LATEST_MS) return this.#lookSoon(beat);
    this.#begin(own, slots);
  }

  #begin(own: number | undefined, slots: readonly SlotLoad[]): void {
    const ended = this.#ended();
    const came = this.#cameFromLeavers();
    // The slot may have no live worker in the view: its row may be another worker's by now.
    const hasSlot = slots.some(({ slot }) => slot === own);
    const decides = own !== undefined && hasSlot;
    this.#plan = decides ? this.#decide(own, slots, { ended, came }) : [];
    if (!decides) this.#turnover.forget();
    this.#parts.requests.tellFree(this.#plan.length > 0 ? this.#onFree : undefined);
    if (this.#plan.length === 0) return this.#parts.migration.unwatch(this);
    this.#parts.migration.watch(this);
    this.#forgetFree();
    this.#free = this.#freeNow();
    this.#moveFree();
  }

  #slotsNow(beat: number, now: number): SlotLoad[] {
    const view = this.#view;
    const slots: SlotLoad[] = [];
    for (let slot = 0; slot < view.slots; slot++) {
      if (!isAlive(view, slot, now)) continue;
      const load = view.open[slot]! + view.coming[slot]! + view.leaving[slot]!;
      slots.push({ slot, load, isFresh: view.beats[slot]! >= beat - ROUNDING_MS });
    }
    return slots;
  }

  /** @returns how many connections have ended since the last call. */
  #ended(): number {
    const { servers, handoffs, migration } = this.#parts;
    const { in: came, out } = handoffs.moves;
    const ended = servers.accepted() + came - out - migration.onTheWay - servers.open();
    const before = this.#endedBefore;
    this.#endedBefore = ended;
    return ended - before;
  }

  /** @returns how many connections have come from workers that leave since the last call. */
  #cameFromLeavers(): number {
    const { fromLeavers } = this.#parts.handoffs.moves;
    const before = this.#cameBefore;
    this.#cameBefore = fromLeavers;
    return fromLeavers - before;
  }

  #decide(own: number, slots: readonly SlotLoad[], { ended, came }: Changes): Part[] {
    const open = this.#parts.servers.open();
    const fills = isFilling(came, open, slots.length - 1);
    const passing = this.#turnover.passing(ended, open);
    const isLasting = !fills && passing < Infinity;
    const transfers = isLasting ? transfersFrom(own, slots, () => this.#countFixed()) : [];
    const isNoise = isChance(transfers, passing);
    const plan = isNoise ? [] : transfers.map(({ to, count }): Part => ({ to, reason: 'level', left: count }));
    const heat = this.#judgeHeat(own, slots, open, fills || plan.length > 0);
    return heat === undefined ? plan : [heat];
  }

  /** @param isUneven by count, or filling: that passes or is mended first, and may be the whole reason of the heat. */
  #judgeHeat(own: number, slots: readonly SlotLoad[], connections: number, isUneven: boolean): Part | undefined {
    const { utilization } = this.#view;
    const others = slots.map(({ slot }) => slot).filter((slot) => slot !== own);
    const give = this.#parts.heat.judge({
      own: isUneven ? 0 : utilization[own]!,
      others: others.map((slot) => utilization[slot]!),
      connections,
      beats: this.#beatsPerLook,
    });
    if (give === 0) return undefined;
    const coolest = others.reduce((best, slot) => (utilization[slot]! < utilization[best]! ? slot : best));
    // Those that cannot move are not given, so they do not make it more.
    return { to: coolest, reason: 'heat', left: Math.min(give, partOf(connections - this.#countFixed())) };
  }

  /** Counts those that never move, and those whose client stops within a request. Others in use move when they have been answered. */
  #countFixed(): number {
    const { migration, servers } = this.#parts;
    const open = servers.open();
    if (this.#beat >= this.#countDue) {
      const stuck = this.#stuck();
      let movable = 0;
      for (const socket of migration.sockets()) {
        if (!stuck.has(socket) && migration.restOf(socket) !== 'never') movable++;
      }
      this.#fixed = open - movable;
      this.#countDue = this.#beat + BEAT_MS * Math.floor(open / MOST_COUNTED);
    }
    return Math.max(0, Math.min(open, this.#fixed));
  }

  /** A client that stops within a request may open many such connections, and they would have others sent away. */
  #stuck(): ReadonlySet<Socket> {
    const { migration, requests } = this.#parts;
    const longAgo = performance.now() - STUCK_MS;
    const stuck = new Set<Socket>();
    for (const { socket, part, since } of migration.receiving()) {
      if (part === 'head' || (since ?? requests.answeringSince(socket) ?? -Infinity) <= longAgo) stuck.add(socket);
    }
    return stuck;
  }

  /** A worker is hot by connections in use, which are moved when they have been answered: such a plan takes no free ones. */
  *#freeNow(): Generator<Socket, undefined> {
    if (this.#plan.some(({ reason }) => reason === 'heat')) return;
    const now = monotonic();
    for (const socket of this.#parts.migration.sockets()) if (this.#mayGo(socket, now)) yield socket;
  }

  #forgetFree(): void {
    this.#free = NONE;
    this.#next = undefined;
  }

  #mayGo(socket: Socket, now: number): boolean {
    const { migration, arrivedAt } = this.#parts;
    return now - (arrivedAt(socket) ?? -Infinity) >= STAY_MS && migration.restOf(socket) === 'free';
  }

  readonly #onFree = (socket: Socket): void => {
    // In the next turn what came with the last request has been parsed, and Node's own work after a response is done.
    if (this.#answered.push(socket) === 1) setImmediate(() => this.#moveAnswered());
  };

  #moveAnswered(): void {
    const answered = this.#answered;
    this.#answered = [];
    const now = monotonic();
    for (const socket of answered) if (this.#mayGo(socket, now)) this.#move(socket);
  }

  #moveFree(): void {
    while (this.#hasRoom()) {
      const socket = this.#next ?? this.#free.next().value;
      this.#next = socket;
      if (socket === undefined || !this.#move(socket)) return;
      this.#next = undefined;
    }
  }

  /** @returns false when there is nothing to do at the moment. */
  #move(socket: Socket): boolean {
    const { migration } = this.#parts;
    if (!this.#hasRoom()) return false;
    const part = this.#plan.find(({ to, left }) => left > 0 && this.#isOpen(to));
    if (part === undefined) return false;
    this.#give(part, 1);
    // A connection that is not free any more does not count as given.
    if (migration.move(socket, part.to, part.reason, (how) => this.#moved(part, how))) this.#turnover.gave(socket);
    else this.#give(part, -1);
    return true;
  }

  #hasRoom(): boolean {
    const { migration, isServing } = this.#parts;
    return migration.onTheWay < MOST_ON_THE_WAY && isServing() && this.#plan.some(({ left }) => left > 0);
  }

  #moved(part: Part, how: HandoffEnd): void {
    if (how !== 'taken') {
      this.#give(part, -1);
      // Nothing more goes there before the next look.
      part.left = 0;
    }
    this.#moveFree();
  }

  /** @param count -1 for a connection that stays after all. */
  #give(part: Part, count: 1 | -1): void {
    part.left -= count;
    if (part.reason === 'heat') this.#parts.heat.gave(count);
  }

  #isOpen(slot: number): boolean {
    const { pairs, heard, closedUntil } = this.#parts.handoffs;
    const now = monotonic();
    return now >= closedUntil[slot]! && !(pairs.unanswered[slot]! > 0 && now - heard[slot]! > LONGEST_SILENCE_MS);
  }
}
