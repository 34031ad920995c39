import { noMoves } from '../../contract/moves.ts';
import type { HandoffEnd, HandoffHeader, MoveReason } from '../../ipc/messages.ts';
import type { NativeClient } from '../../listeners/native.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import { PAIRS, type PairPart } from '../../scoreboard/layout.ts';
import type { Link } from '../link.ts';
import type { SlotHandle } from '../listening/slot-handle.ts';
import { proxiedPart, setProxiedPart } from '../proxies/proxied-part.ts';

/** A connection of which nothing is heard for so long is asked back. */
const RECALL_AFTER_MS = 1000;

/** A worker that did not take a connection is not offered another one for so long. */
const PAUSE_MS = 250;
/** The same after a connection had to be asked back: its worker most likely could not receive it. */
const LONG_PAUSE_MS = 10_000;

/** When the primary is gone, a client that has been answered has so long to read that before its connection closes, ms. */
const LINGER_MS = 1000;

/** A connection that was sent, and of which nothing was heard yet. */
interface Sent {
  readonly client: NativeClient;
  readonly acceptedBy: SlotHandle;
  readonly to: number;
  /** Monotonic, ms. */
  readonly at: number;
  isRecalled: boolean;
  readonly move: Move | undefined;
}

/**
 * How a connection comes to a server. `accepted`: it was just accepted, here or elsewhere. `moved`: a server of another worker
 * had it before. `returned`: it was to move away from this worker, and came back.
 */
export type Arrival = 'accepted' | 'moved' | 'returned';

/** Whether a change is of a connection that was just accepted, or of one that a server has served. */
export type Changed = Exclude<Arrival, 'returned'>;

export interface HandoffsParts {
  readonly link: Pick<Link, 'on' | 'send' | 'sendPast' | 'sendBehind' | 'sendSoon'>;
  /** The handle that can take a connection of the listener. Undefined where this worker wants none. */
  readonly taker: (listener: number) => SlotHandle | undefined;
  /** Gives a connection to a server that is open. @default by `serve` and `resume` of the handle */
  readonly deliver?: (client: NativeClient, handle: SlotHandle, arrival: Arrival) => void;
}

/** The move of a connection that a server here has served. */
export interface Move {
  readonly reason: MoveReason;
  /** Hears what became of it. */
  readonly ended: (how: HandoffEnd) => void;
}

/** How many connections have moved: served by a server here, and then by one of another worker, or the reverse. */
export interface Moves {
  in: number;
  /** How many of those that came here came from a worker that leaves, because of a drain or an upgrade. */
  fromLeavers: number;
  out: number;
  /** How the moves away from here ended: `out` counts those that were taken. */
  readonly ends: Record<MoveReason, Record<HandoffEnd, number>>;
}

/**
 * Connections that another worker is to serve, and the reverse: accepted ones, and those that move between two requests. They
 * travel by way of the primary, which alone has a channel to every worker. All that was read of them is answered.
 *
 * Owns the handle of each connection that it has sent until it hears what became of it. When it was taken, this copy is
 * closed. When it was refused, or its receiver ended before it took it, it is served here. A worker that takes one says so
 * first, and serves it when those words have left. So a connection of which nothing was heard when its receiver ended has
 * not been read there.
 *
 * A process that has no descriptor left cannot receive one: the kernel drops it, and Node drops its message with it, without
 * a word to either end. So a connection of which nothing is heard is asked back. Messages keep their order: a worker that has
 * received it says so before it hears the question, and one that has not never will.
 */
export class Handoffs {
  received = 0;
  sent = 0;
  refused = 0;
  failed = 0;
  /** Connections that a server had served before. The figures above count those that had just been accepted. */
  readonly moves: Moves = { in: 0, fromLeavers: 0, out: 0, ends: noMoves() };
  /**
   * Numbers of each slot. `unanswered`: how many were sent there and not answered. `sent`: how many were sent there so far.
   * `arrived`: the number of the one that came from there last.
   */
  readonly pairs: Record<PairPart, Uint8Array> = {
    unanswered: new Uint8Array(PAIRS.slots),
    sent: new Uint8Array(PAIRS.slots),
    arrived: new Uint8Array(PAIRS.slots),
  };
  /** When each slot last answered, or was first sent something after that. Monotonic, ms. */
  readonly heard: Float64Array = new Float64Array(PAIRS.slots);
  /** Until when each slot is offered none, because it did not take one; monotonic, ms. */
  readonly closedUntil: Float64Array = new Float64Array(PAIRS.slots);
  /** Until when each slot counts as unable to receive, monotonic, ms. */
  readonly unableUntil: Float64Array = new Float64Array(PAIRS.slots);
  readonly #parts: HandoffsParts;
  #changed: (what: Changed) => void = () => {};
  #onAnswered: () => void = () => {};
  readonly #sent = new Map<number, Sent>();
  #ids = 0;
  #recallTimer: NodeJS.Timeout | undefined;
  /** Connections that were taken. They are served when that has been told. */
  readonly #arriving = new Set<NativeClient>();
  /** Connections that close, since the primary is gone. */
  readonly #closing = new Set<NativeClient>();

  constructor(parts: HandoffsParts) {
    this.#parts = parts;
    const { link } = parts;
    link.on('handoff', (message, client) => this.#receive(message, client as NativeClient | undefined));
    link.on('handed', ({ id, how }) => this.#answered(id, how));
    link.on('recall', ({ id }) => link.send({ type: 'refused', id }));
    process.once('disconnect', () => this.#abandon());
  }

  /** @param listener hears that a connection came, came back, or is no longer on its way: the others decide by that */
  whenChanged(listener: (what: Changed) => void): void {
    this.#changed = listener;
  }

  /** @param listener hears that one has been answered: another slot may have room again */
  whenAnswered(listener: () => void): void {
    this.#onAnswered = listener;
  }

  /** How many connections this worker has taken and is about to serve. */
  get arriving(): number {
    return this.#arriving.size;
  }

  /** How many connections are between this worker and others. */
  get pending(): number {
    return this.#sent.size + this.#arriving.size + this.#closing.size;
  }

  /**
   * Counts one more as on its way. The other workers hear of a newly accepted connection before it can arrive, and before they decide.
   * Moves are many, and decisions that depend on them are made at beats.
   */
  claim(to: number, what: Changed = 'accepted'): void {
    const { unanswered, sent } = this.pairs;
    if (unanswered[to]!++ === 0) this.heard[to] = monotonic();
    sent[to]!++;
    this.#changed(what);
  }

  /**
   * Takes a claim back: the connection stays here after all. That is told at once too. Else it would count twice, and a worker
   * that has too many would mistake its load for normal.
   */
  unclaim(to: number): void {
    this.pairs.unanswered[to]!--;
    this.pairs.sent[to]!--;
    this.#changed('accepted');
  }

  /**
   * Sends what was claimed before.
   *
   * @param move of a connection that a server here has served
   * @returns false when it could not be sent, and is still the caller's to serve.
   */
  send(client: NativeClient, acceptedBy: SlotHandle, from: number, to: number, move?: Move): boolean {
    const { listener } = acceptedBy;
    const id = ++this.#ids;
    // Rows count handoffs to so many slots only. For any other slot the number is 0.
    const nth = this.pairs.sent[to] ?? 0;
    const proxied = proxiedPart(client);
    const message = {
      type: 'handoff',
      id,
      to,
      listener,
      from,
      nth,
      ...(move && { move: move.reason }),
      ...proxied,
    } as const;
    if (!this.#parts.link.sendPast(message, client)) {
      this.unclaim(to);
      return false;
    }
    this.#sent.set(id, { client, acceptedBy, to, at: monotonic(), isRecalled: false, move });
    this.#recallTimer ??= setTimeout(() => this.#recall(), RECALL_AFTER_MS).unref();
    return true;
  }

  /** Serves a connection here again that was to move and could not be sent. */
  takeBack(client: NativeClient, handle: SlotHandle): void {
    this.#deliver(client, handle, 'returned');
  }

  /** Asks for each connection once. They are looked at in the order in which they were sent. */
  #recall(): void {
    const now = monotonic();
    this.#recallTimer = undefined;
    for (const [id, sent] of this.#sent) {
      if (sent.isRecalled) continue;
      const age = now - sent.at;
      if (age < RECALL_AFTER_MS) {
        this.#recallTimer = setTimeout(() => this.#recall(), RECALL_AFTER_MS - age).unref();
        return;
      }
      sent.isRecalled = true;
      // The primary would answer that it has not got it, and then get it.
      this.#parts.link.sendBehind({ type: 'recall', id });
    }
  }

  #answered(id: number, how: HandoffEnd): void {
    const sent = this.#sent.get(id);
    if (sent === undefined) return;
    const { client, acceptedBy, to, isRecalled, move } = sent;
    const now = monotonic();
    this.#sent.delete(id);
    this.pairs.unanswered[to]!--;
    this.heard[to] = now;
    this.#count(how, move?.reason);
    if (how === 'taken') {
      client.close();
    } else {
      this.closedUntil[to] = now + (isRecalled ? LONG_PAUSE_MS : PAUSE_MS);
      // Only a receiver that refused was unable: one that ended (`failed`) is replaced by another worker.
      if (isRecalled && how === 'refused') this.unableUntil[to] = now + LONG_PAUSE_MS;
      this.#deliver(client, acceptedBy, move === undefined ? 'accepted' : 'returned');
    }
    this.#changed(whatOf(move));
    move?.ended(how);
    this.#onAnswered();
  }

  #count(how: HandoffEnd, move: MoveReason | undefined): void {
    if (move === undefined) {
      this[how === 'taken' ? 'sent' : how]++;
      return;
    }
    this.moves.ends[move][how]++;
    if (how === 'taken') this.moves.out++;
  }

  #countArrival(move: MoveReason | undefined): void {
    if (move === undefined) this.received++;
    else this.moves.in++;
    if (move === 'drain' || move === 'upgrade') this.moves.fromLeavers++;
  }

  /** A server that was closed meanwhile takes nothing, as it resets what the kernel has queued for it. */
  #deliver(client: NativeClient, handle: SlotHandle, arrival: Arrival): void {
    if (handle.isClosed) client.close();
    else if (this.#parts.deliver !== undefined) this.#parts.deliver(client, handle, arrival);
    else if (arrival === 'accepted') handle.serve(client);
    else handle.resume(client);
  }

  #receive(header: HandoffHeader & { id: number }, client: NativeClient | undefined): void {
    const { id, listener, from, nth, move } = header;
    const { link, taker } = this.#parts;
    const handle = client && taker(listener);
    if (from < PAIRS.slots) this.pairs.arrived[from] = nth;
    if (client === undefined || handle === undefined) {
      client?.close();
      link.send({ type: 'refused', id });
      return;
    }
    // The flag is one for all processes that have the connection, and its sender is not trusted with it.
    client.setBlocking?.(false);
    setProxiedPart(client, header);
    // All others are told before the sender is, which then no longer counts it as on its way.
    this.#arriving.add(client);
    this.#changed(whatOf(move));
    const tell: Link['sendSoon'] = (message, written) =>
      move === undefined ? link.send(message, undefined, written) : link.sendSoon(message, written);
    const isTold = tell({ type: 'taken', id }, (error) => {
      // The primary died meanwhile, and `#abandon` has closed it.
      if (!this.#arriving.delete(client)) return;
      if (error !== null) return client.close();
      this.#countArrival(move);
      const what = whatOf(move);
      this.#deliver(client, handle, what);
      this.#changed(what);
    });
    if (isTold) return;
    this.#arriving.delete(client);
    client.close();
  }

  /**
   * Closes what is on its way: the primary is gone, and with it every answer. A connection that was sent may have been taken,
   * and two workers that read from it would spoil it, so its client had better see it closed. A connection that was taken
   * here and not yet told is closed as well: a message that waits for its turn never leaves, nor is its callback called.
   *
   * A connection that was served before closes later. Its last answer may still be on its way, and the kernel throws that away when
   * the connection closes with bytes that nothing has read. This copy keeps it open. It says nothing, for another worker may serve it.
   */
  #abandon(): void {
    clearTimeout(this.#recallTimer);
    for (const { client, move } of this.#sent.values()) {
      if (move === undefined) client.close();
      else this.#closeLater(client);
    }
    for (const client of this.#arriving) client.close();
    this.#sent.clear();
    this.#arriving.clear();
    this.pairs.unanswered.fill(0);
  }

  #closeLater(client: NativeClient): void {
    this.#closing.add(client);
    setTimeout(() => {
      this.#closing.delete(client);
      client.close();
    }, LINGER_MS);
  }
}

function whatOf(move: unknown): Changed {
  return move === undefined ? 'accepted' : 'moved';
}
