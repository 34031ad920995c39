import type { SentHandle } from '../../ipc/channel.ts';
import type { HandoffEnd, PrimaryMessage, HandoffHeader } from '../../ipc/messages.ts';
import type { MoveCounts, WorkerId } from '../fleet/events.ts';

/** The handle of a connection. */
export type NativeClient = SentHandle & { close(): void };

/**
 * The number of handoffs of one sender that may wait for their answer, more than any worker sends. Each takes a
 * descriptor of the primary, and a receiver that never answers would exhaust them.
 */
export const MOST_UNANSWERED = 256;

/** A worker's request to hand off a connection. */
export interface Handoff extends HandoffHeader {
  /** The number by which the sender knows it. */
  readonly id: number;
  /** The slot whose worker should get it. */
  readonly to: number;
}

/** The number of finished handoffs by their outcome. */
export type HandoffCounts = Readonly<Record<HandoffEnd, number>>;

const NO_MOVES: MoveCounts = { out: 0, in: 0, failed: 0 };

interface OnTheWay {
  readonly isMove: boolean;
  readonly from: WorkerId;
  readonly to: WorkerId;
  /** The sender's id of the handoff. */
  readonly id: number;
  readonly parcel: NativeClient;
}

export interface HandoffParts {
  /** Sends a message, and returns false when the worker's channel has closed. */
  readonly send: (worker: WorkerId, message: PrimaryMessage, handle?: SentHandle) => boolean;
  /** Returns the worker of the slot, if it serves and its event loop turns. */
  readonly workerOf: (slot: number) => WorkerId | undefined;
}

/**
 * Carries accepted connections from worker to worker, because workers have no channel to each other, and carries the
 * answers back. The object never looks into a connection, which concerns only the client and the worker that serves it.
 *
 * The object owns a copy of each handle, which it closes when the receiver has answered or ended.
 */
export class Handoffs {
  /** The number of finished handoffs of accepted connections by their outcome. Moves are counted separately. */
  readonly counts: Record<HandoffEnd, number> = { taken: 0, refused: 0, failed: 0 };
  readonly #parts: HandoffParts;
  readonly #onTheWay = new Map<number, OnTheWay>();
  /** The number of unanswered handoffs of each sender. */
  readonly #unanswered = new Map<WorkerId, number>();
  readonly #moves = new Map<WorkerId, MoveCounts>();
  #ids = 0;

  constructor(parts: HandoffParts) {
    this.#parts = parts;
  }

  /**
   * Passes a connection on.
   *
   * @param parcel undefined when its descriptor got lost: the sender still has its own.
   */
  pass(
    sender: WorkerId,
    { id, to, listener, from, nth, isMove = false }: Handoff,
    parcel: NativeClient | undefined,
  ): void {
    const receiver = this.#parts.workerOf(to);
    const unanswered = this.#unanswered.get(sender) ?? 0;
    const isFull = unanswered >= MOST_UNANSWERED;
    if (parcel === undefined || receiver === undefined || receiver === sender || isFull) {
      parcel?.close();
      this.#answer(sender, id, 'refused', isMove);
      return;
    }
    this.#unanswered.set(sender, unanswered + 1);
    const ours = ++this.#ids;
    this.#onTheWay.set(ours, { isMove, from: sender, to: receiver, id, parcel });
    const isSent = this.#parts.send(
      receiver,
      { type: 'handoff', id: ours, listener, from, nth, ...(isMove && { isMove }) },
      parcel,
    );
    if (!isSent) this.settle(receiver, ours, 'failed');
  }

  /** Handles the answer of the receiver. */
  settle(worker: WorkerId, id: number, how: HandoffEnd): void {
    const one = this.#onTheWay.get(id);
    if (one === undefined || one.to !== worker) return;
    this.#onTheWay.delete(id);
    this.#forgetOne(one.from);
    one.parcel.close();
    if (one.isMove && how === 'taken') this.#countMove(worker, 'in');
    this.#answer(one.from, one.id, how, one.isMove);
  }

  /** Returns the worker's number of moves, until it is `gone`. */
  movesOf(worker: WorkerId): MoveCounts {
    return this.#moves.get(worker) ?? NO_MOVES;
  }

  /**
   * Handles a sender's question about a handoff without an answer. A receiver that has taken the connection says so
   * before it answers a recall. A handoff that is not known here got lost on its way to us, or has been answered. A
   * closed channel was read to its end before. So a receiver that cannot be asked any more has not taken the
   * connection, even if it lives on while it drains.
   */
  recall(sender: WorkerId, id: number): void {
    for (const [ours, { from, to, id: theirs }] of this.#onTheWay) {
      if (from !== sender || theirs !== id) continue;
      if (!this.#parts.send(to, { type: 'recall', id: ours })) this.settle(to, ours, 'failed');
      return;
    }
    this.#parts.send(sender, { type: 'handed', id, how: 'refused' });
  }

  /**
   * Gives back the connections that were on their way to a worker that has ended. Every message of that worker has been
   * read.
   */
  gone(worker: WorkerId): void {
    for (const [id, { to }] of this.#onTheWay) if (to === worker) this.settle(worker, id, 'failed');
    this.#moves.delete(worker);
  }

  close(): void {
    for (const { parcel } of this.#onTheWay.values()) parcel.close();
    this.#onTheWay.clear();
  }

  #forgetOne(sender: WorkerId): void {
    const rest = (this.#unanswered.get(sender) ?? 1) - 1;
    if (rest > 0) this.#unanswered.set(sender, rest);
    else this.#unanswered.delete(sender);
  }

  #countMove(worker: WorkerId, what: keyof MoveCounts): void {
    const counts = this.movesOf(worker);
    this.#moves.set(worker, { ...counts, [what]: counts[what] + 1 });
  }

  #answer(worker: WorkerId, id: number, how: HandoffEnd, isMove: boolean): void {
    if (isMove) this.#countMove(worker, how === 'taken' ? 'out' : 'failed');
    else this.counts[how]++;
    this.#parts.send(worker, { type: 'handed', id, how });
  }
}
