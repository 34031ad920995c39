import type { SentHandle } from '../../ipc/channel.ts';
import { noMoves } from '../../contract/moves.ts';
import type { HandoffEnd, HandoffHeader, MoveReason, PrimaryMessage } from '../../ipc/messages.ts';
import type { MoveCounts } from '../../contract/moves.ts';
import type { WorkerId } from '../fleet/ids.ts';

/** The handle of a connection. */
export type NativeClient = SentHandle & { close(closed?: () => void): void };

/**
 * The number of handoffs of one worker that may wait for their answer, more than any worker sends. Each takes a
 * descriptor of the primary, and a receiver that never answers would exhaust them.
 */
export const MOST_UNANSWERED = 256;

/**
 * The same of the handoffs to one worker, by all givers together. The next primary has no such bound: it has this one for each of its
 * workers.
 */
export const MOST_UNANSWERED_OF_RECEIVER: number = 4 * MOST_UNANSWERED;

/**
 * These stand for a primary in place of a worker, in an upgrade: the next primary, to which connections move, and the
 * old one, from which they come. Workers have positive numbers.
 */
export const NEXT_PRIMARY: WorkerId = -1;
export const OLD_PRIMARY: WorkerId = -2;

/** The handoff that a worker asks for. */
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
  readonly move: MoveReason | undefined;
  readonly from: WorkerId;
  /** The worker whose handoff it is: `from`, or one of the old primary's. */
  readonly giver: string;
  readonly to: WorkerId;
  /** The sender's id of the handoff. */
  readonly id: number;
  readonly client: NativeClient;
  /** The giver has ended, and hears no answer. */
  readonly isLeft?: boolean;
}

export interface HandoffParts {
  /**
   * Sends a message, and returns false when the worker's channel has closed. `sender` is the worker whose handoff it is about;
   * in an upgrade the other primary is told.
   */
  readonly send: (
    worker: WorkerId,
    message: PrimaryMessage,
    handle: SentHandle | undefined,
    sender: WorkerId,
  ) => boolean;
  /** Whether the worker reads what it is told. The sender keeps a connection that would only wait. */
  readonly hasRoom: (worker: WorkerId) => boolean;
  /** The worker of the slot, when it serves and its event loop turns. Of a move in an upgrade {@link NEXT_PRIMARY}. */
  readonly workerOf: (slot: number, move?: MoveReason) => WorkerId | undefined;
}

/**
 * Carries accepted connections from worker to worker, because workers have no channel to each other, and carries the
 * answers back. The object never looks into a connection, which concerns only the client and the worker that serves it.
 *
 * The object owns a copy of each handle, which it closes when the receiver has answered, or one of the two has ended.
 */
export class Handoffs {
  /** The number of finished handoffs of accepted connections by their outcome. Moves are counted separately. */
  readonly counts: Record<HandoffEnd, number> = { taken: 0, refused: 0, failed: 0 };
  /** The number of finished moves, by their reason and outcome. Those of workers that have ended are included. */
  readonly moves: Record<MoveReason, Record<HandoffEnd, number>> = noMoves();
  readonly #parts: HandoffParts;
  readonly #onTheWay = new Map<number, OnTheWay>();
  /** The number of unanswered handoffs of each giver. */
  readonly #unanswered = new Map<string, number>();
  /** The same of each receiver, with those of which the copy here is not closed yet: it is still to be written. */
  readonly #unansweredBy = new Map<WorkerId, number>();
  readonly #moves = new Map<WorkerId, MoveCounts>();
  #ids = 0;

  constructor(parts: HandoffParts) {
    this.#parts = parts;
  }

  /**
   * @param client undefined when its descriptor got lost: the sender still has its own.
   * @param behind where the sender is a primary, its number of the worker that gives the connection
   */
  pass(sender: WorkerId, handoff: Handoff, client: NativeClient | undefined, behind?: number): void {
    const { id, to, listener, from, nth, move, peer, first } = handoff;
    const giver = behind === undefined ? `${sender}` : `${sender}/${behind}`;
    const receiver = this.#parts.workerOf(to, move);
    const isFull =
      (this.#unanswered.get(giver) ?? 0) >= MOST_UNANSWERED || (receiver !== undefined && !this.#hasRoom(receiver));
    if (client === undefined || receiver === undefined || receiver === sender || isFull) {
      client?.close();
      this.#answer(sender, id, 'refused', move);
      return;
    }
    const ours = ++this.#ids;
    change(this.#unanswered, giver, 1);
    change(this.#unansweredBy, receiver, 1);
    this.#onTheWay.set(ours, { move, from: sender, giver, to: receiver, id, client });
    const isSent = this.#parts.send(
      receiver,
      {
        type: 'handoff',
        id: ours,
        listener,
        from,
        nth,
        ...(move && { move }),
        ...(peer && { peer }),
        ...(first && { first }),
      },
      client,
      sender,
    );
    if (!isSent) this.answered(receiver, ours, 'failed');
  }

  /** Handles the answer of the receiver. */
  answered(worker: WorkerId, id: number, how: HandoffEnd): void {
    const one = this.#onTheWay.get(id);
    if (one === undefined || one.to !== worker) return;
    this.#end(id, one);
    if (one.move !== undefined && how === 'taken') this.#countMove(worker, 'in');
    if (one.isLeft) this.#count(how, one.move);
    else this.#answer(one.from, one.id, how, one.move);
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
      if (!this.#parts.send(to, { type: 'recall', id: ours }, undefined, from)) this.answered(to, ours, 'failed');
      return;
    }
    this.#parts.send(sender, { type: 'handed', id, how: 'refused' }, undefined, sender);
  }

  /**
   * Gives back the connections that were on their way to a worker that has ended, and forgets those that it has given. Every message
   * of that worker has been read.
   */
  gone(worker: WorkerId): void {
    for (const [id, one] of this.#onTheWay) {
      if (one.to === worker) this.answered(worker, id, 'failed');
      else if (one.from === worker) this.#leave(id, one);
    }
    this.#moves.delete(worker);
  }

  /**
   * The giver has ended: it waits for no answer, and would not ask for one that does not come. The copy here is closed, so that
   * workers which give and end take no more descriptors than their receivers may have. The receiver loses nothing. What was written is
   * its own, and a handle stays open until it has been (`watchWrites`). One to the next primary may still wait in Node's own queue, and
   * that primary is asked.
   */
  #leave(id: number, one: OnTheWay): void {
    if (one.to !== NEXT_PRIMARY) return this.#end(id, one);
    this.#onTheWay.set(id, { ...one, isLeft: true });
    this.#parts.send(NEXT_PRIMARY, { type: 'recall', id }, undefined, one.from);
  }

  /**
   * The next primary is gone. A worker of that primary may serve what was sent and not answered, so no worker here may
   * read it. The sender lets go of it, as if it had been taken.
   */
  lost(): void {
    for (const [id, one] of this.#onTheWay) {
      if (one.to !== NEXT_PRIMARY) continue;
      this.#end(id, one);
      this.moves.upgrade.failed++;
      if (one.isLeft) continue;
      this.#parts.send(one.from, { type: 'handed', id: one.id, how: 'taken' }, undefined, one.from);
    }
  }

  close(): void {
    for (const { client } of this.#onTheWay.values()) client.close();
    this.#onTheWay.clear();
  }

  #hasRoom(receiver: WorkerId): boolean {
    const unanswered = receiver === NEXT_PRIMARY ? 0 : (this.#unansweredBy.get(receiver) ?? 0);
    return unanswered < MOST_UNANSWERED_OF_RECEIVER && this.#parts.hasRoom(receiver);
  }

  #end(id: number, { giver, to, client }: OnTheWay): void {
    this.#onTheWay.delete(id);
    change(this.#unanswered, giver, -1);
    client.close(() => change(this.#unansweredBy, to, -1));
  }

  #count(how: HandoffEnd, move: MoveReason | undefined): void {
    if (move === undefined) this.counts[how]++;
    else this.moves[move][how]++;
  }

  #countMove(worker: WorkerId, what: keyof MoveCounts): void {
    const counts = this.movesOf(worker);
    this.#moves.set(worker, { ...counts, [what]: counts[what] + 1 });
  }

  #answer(worker: WorkerId, id: number, how: HandoffEnd, move: MoveReason | undefined): void {
    this.#count(how, move);
    if (move !== undefined) this.#countMove(worker, how === 'taken' ? 'out' : 'failed');
    this.#parts.send(worker, { type: 'handed', id, how, ...(move && { isMove: true }) }, undefined, worker);
  }
}

/** Changes a count, which is not kept while it is 0. */
function change<Key>(counts: Map<Key, number>, key: Key, by: number): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
