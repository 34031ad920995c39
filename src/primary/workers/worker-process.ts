import type { ChildProcess, Serializable } from 'node:child_process';
import type { EventEmitter } from 'node:events';
import { HUNG_AFTER_MS } from '../../contract/limits.ts';
import { Channel, type SentHandle } from '../../ipc/channel.ts';
import { Intake, LONGEST_BACKLOG_BYTES, MOST_BEHIND_HANDLE, type Excess } from '../../ipc/intake.ts';
import { awaitsAcknowledgement, channelOf, messagesBehindHandle } from '../../ipc/node-channel.ts';
import { decodeWorkerMessage, type PrimaryMessage, type WorkerMessage } from '../../ipc/messages.ts';
import { Settling, type Answer } from '../../ipc/settling.ts';
import { isConnection, type ReceivedHandle } from '../../ipc/received-handle.ts';
import type { ExitFacts } from '../exits/exit.ts';
import type { Offence } from '../fleet/events.ts';
import type { WorkerId } from '../fleet/ids.ts';
import { MOST_OFFENCES } from '../fleet/offence.ts';

/** The messages of a worker while it lives. */
export type LivingMessage = Exclude<WorkerMessage, { type: 'lastWords' | Answer }>;

/** The events of a worker's process for its supervisor. `exited` comes exactly once, and is the last one. */
export interface WorkerEvents {
  message(worker: WorkerId, message: LivingMessage, handle?: unknown): void;
  /**
   * The worker sent what no worker should send. This happens at most `MOST_OFFENCES` times, and no message of it is
   * read after the last.
   */
  offended(worker: WorkerId, offence: Offence): void;
  /** The application has sent a message that has too much to be read. */
  dropped(worker: WorkerId, why: Excess): void;
  /** The application has sent a message that no listener in this process hears. It is not trusted. */
  unheard(worker: WorkerId, message: unknown): void;
  exited(worker: WorkerId, exit: ExitFacts): void;
}

/** What the half's messages may fill of a worker's channel, so that ours still find room there. */
const MOST_WAITING_BYTES = LONGEST_BACKLOG_BYTES / 2;
/** What such a message takes beside its text while it waits, in characters. */
const ENTRY_CHARACTERS = 100;

/** Connections are not handed on to a worker while so much waits: what other workers send must not count against it. */
const MOST_WAITING_HANDOFFS_BYTES = LONGEST_BACKLOG_BYTES / 4;
/** The same where a handle has not been acknowledged. Each message that waits then may have a handle of its own. */
const MOST_WAITING_HANDOFFS = 256;

/**
 * A worker whose event loop turns, and that has not answered at so many looks, is not well. They take ten seconds. What has come is read
 * between two of them, also when this process stood still.
 */
const MOST_LOOKS_IN_VAIN = 40;

/** How long the last messages of a worker that has ended may take, ms. The kernel has them by then, and closes the channel behind them. */
const LAST_MESSAGES_MS = 2000;

/** How the process was started. */
interface ProcessTerms {
  /** Whether node:cluster's primary half is in use. @default false */
  readonly isClustered?: boolean;
  /** @default SIGTERM */
  readonly stopSignal?: NodeJS.Signals;
  /** The version of the application. @default it is not known */
  readonly version?: string | undefined;
  /** Whether the code of prefork that it runs may be of another version than this process's. @default false */
  readonly isOtherCode?: boolean;
}

/**
 * The process of one worker. The object owns the child and the channel to it. Both are released when the process has
 * ended, which is the only way in which this object ends.
 */
export class WorkerProcess {
  readonly id: WorkerId;
  readonly child: ChildProcess;
  /** The signal that ends it in order, by the settings with which it was started. */
  readonly stopSignal: NodeJS.Signals;
  /** The version of the application that it runs, where that is known. */
  readonly version: string | undefined;
  /** The worker's row in the scoreboard. */
  readonly row: number;
  readonly #channel: Channel<PrimaryMessage>;
  /** Undefined where the application made the process by other means than Node's. */
  readonly #intake: Intake | undefined;
  readonly #events: WorkerEvents;
  /** What the half's messages fill behind a handle that has not been acknowledged, characters. */
  #toldBehindHandle = 0;
  #offences = 0;
  readonly #settling: Settling;
  #lastWords: ExitFacts['lastWords'];

  /** Wraps a child. */
  constructor(id: WorkerId, row: number, child: ChildProcess, events: WorkerEvents, terms: ProcessTerms = {}) {
    const { isClustered = false, stopSignal = 'SIGTERM', version, isOtherCode = false } = terms;
    this.id = id;
    this.row = row;
    this.child = child;
    this.stopSignal = stopSignal;
    this.version = version;
    this.#events = events;
    this.#intake = Intake.of(
      child,
      {
        malformed: (what, body) => this.#offend({ what, body, isLast: false }),
        unusable: (what) => this.#offend({ what, isLast: true }),
        dropped: (why) => this.#isExpelled || events.dropped(id, why),
        uncertain: () => this.#settling.doubt(),
      },
      { isClustered },
    );
    this.#settling = new Settling({
      tell: (type) => this.#isExpelled || this.send({ type }),
      blame: (what, isLast) => this.#offend({ what, isLast }),
      mostLooks: MOST_LOOKS_IN_VAIN,
      // What a worker of this version leaves unsaid it has no excuse for.
      canProve: () => !isOtherCode || this.#channel.otherProves,
    });
    const hear = (body: unknown, handle: unknown): void => this.#hear(body, handle as ReceivedHandle | undefined);
    this.#channel = new Channel(child, hear, this.#intake && {});
    child.on('message', (message) => {
      // Programs that never listen send this word, as they do with PM2. Other messages belong to the application.
      if (this.#isExpelled) return;
      if (message === 'ready') events.message(id, { type: 'ready' });
      else if (!isHeard(child, isClustered)) events.unheard(id, message);
    });
    this.#observeEnd((exit) => events.exited(id, { ...exit, lastWords: this.#lastWords }));
  }

  /**
   * Sends a message. Messages to a process that is gone are dropped, because its exit is on the way.
   *
   * @returns false when the message certainly did not leave.
   */
  send(message: PrimaryMessage, handle?: SentHandle): boolean {
    this.#intake?.checkBacklog();
    // Many connections may move at once, and their answers go together. Behind a handle each message is counted.
    if (message.type === 'handed' && message.isMove && !awaitsAcknowledgement(this.child))
      return this.#channel.sendSoon(message);
    if (message.type === 'handoff' && handle !== undefined) return this.#channel.sendPast(message, handle);
    return this.#channel.send(message, handle);
  }

  /** Whether a connection may be handed on to it: enough of what it was told has been read. */
  get hasRoom(): boolean {
    const bytes = channelOf(this.child)?.writeQueueSize ?? 0;
    return bytes <= MOST_WAITING_HANDOFFS_BYTES && messagesBehindHandle(this.child) <= MOST_WAITING_HANDOFFS;
  }

  /**
   * Asks whether all descriptors came with messages: see `Settling`. What a worker keeps in the channel goes with the worker. One that
   * does not answer for long is replaced, unless it stands still.
   *
   * @param beatAt the last beat of its event loop.
   */
  settle(now: number, beatAt: number): void {
    if (this.#intake === undefined || this.#isExpelled || !this.child.connected) return;
    this.#settling.look(now - beatAt >= HUNG_AFTER_MS);
  }

  get isSettling(): boolean {
    return this.#settling.isOpen;
  }

  /**
   * Sends a message of the application's own half. One to a process that is gone is dropped, because its exit is on the way.
   *
   * @returns false when the message was dropped because the worker has too much to read.
   */
  tell(message: unknown): boolean {
    const { child } = this;
    if (!child.connected) return true;
    if (!awaitsAcknowledgement(child)) this.#toldBehindHandle = 0;
    const size = JSON.stringify(message).length + ENTRY_CHARACTERS;
    const waiting = (channelOf(child)?.writeQueueSize ?? 0) + this.#toldBehindHandle + size;
    const isFull = messagesBehindHandle(child) > MOST_BEHIND_HANDLE / 2;
    if (waiting > MOST_WAITING_BYTES || isFull) return false;
    if (awaitsAcknowledgement(child)) this.#toldBehindHandle += size;
    child.send(message as Serializable, () => {});
    return true;
  }

  #hear(body: unknown, handle: ReceivedHandle | undefined): void {
    if (this.#isExpelled) return handle?.close();
    const message = decodeWorkerMessage(body);
    const isParcel = message?.type === 'handoff' && handle !== undefined && isConnection(handle);
    // No other process has the connection any more, and its client would wait for ever.
    if (!isParcel) handle?.close();
    if (message === undefined) this.#offend({ what: 'no message of ours', body, isLast: false });
    else if (message.type === 'lastWords') this.#lastWords = message;
    else if (message.type === 'settled') this.#settling.answered(message.type, { hasHandle: handle !== undefined });
    else if (message.type === 'proof')
      this.#settling.answered(message.type, { hasHandle: handle !== undefined, isUnsent: message.unsent === true });
    else this.#events.message(this.id, message, isParcel ? handle : undefined);
  }

  get #isExpelled(): boolean {
    return this.#offences >= MOST_OFFENCES;
  }

  #offend(offence: Offence): void {
    if (this.#isExpelled) return;
    this.#offences = offence.isLast ? MOST_OFFENCES : this.#offences + 1;
    if (this.#isExpelled) this.#intake?.close();
    // Where more descriptors wait, there will be another offence.
    this.#settling.doubt();
    this.#events.offended(this.id, { ...offence, isLast: this.#isExpelled });
  }

  /**
   * Observes the end of the child. A child that could not be started only emits 'error', and one that ran emits 'exit'.
   * 'error' also reports a failed kill or send, which is not its end. Its last messages may still be in the channel at
   * 'exit', so the end is reported when the channel is closed too. 'disconnect' tells that, except when the child has
   * not acknowledged a handle; then only 'close' does. A process that the worker has started may have the channel as well, and keep it
   * open for as long as it lives: so the channel is closed when its last messages have had the time to come.
   */
  #observeEnd(ended: (exit: ExitFacts) => void): void {
    let exit: ExitFacts | undefined;
    let disconnectedAt = Infinity;
    let closing: NodeJS.Timeout | undefined;
    const { child } = this;
    const end = (how: ExitFacts): void => {
      clearTimeout(closing);
      child.off('disconnect', finish).off('close', finish);
      this.#channel.close();
      ended(how);
    };
    const finish = (): void => {
      if (exit !== undefined && !child.connected) end(exit);
    };
    child.once('exit', (code, signal) => {
      const disconnectedFor = Math.max(0, performance.now() - disconnectedAt);
      exit ??= { code, signal, ...(disconnectedFor > 0 && { disconnectedFor }) };
      finish();
      if (child.connected) closing = setTimeout(() => child.disconnect(), LAST_MESSAGES_MS);
    });
    child.once('disconnect', () => (disconnectedAt = performance.now()));
    child.on('disconnect', finish).on('close', finish);
    child.on('error', (error) => {
      if (child.pid === undefined) end({ code: null, signal: null, error });
    });
  }
}

/** Tells whether a program in the primary, which uses prefork as a library, listens to what its workers send. */
function isHeard(child: ChildProcess, isClustered: boolean): boolean {
  // With node:cluster each child has a listener of its half, which passes the message on.
  if (isClustered)
    return (process.getBuiltinModule('node:cluster') as unknown as EventEmitter).listenerCount('message') > 0;
  return child.listenerCount('message') > 1;
}
