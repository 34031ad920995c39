import type { ChildProcess } from 'node:child_process';
import { Channel } from '../../ipc/channel.ts';
import { decodeHalfMessage, HALF_SENDS, type HalfMessage, type ToHalf } from '../../ipc/half-messages.ts';
import { Intake, LONGEST_BACKLOG_BYTES, type Excess } from '../../ipc/intake.ts';
import { channelOf } from '../../ipc/node-channel.ts';
import { Settling, type Answer } from '../../ipc/settling.ts';

export interface HalfEvents {
  said(message: Exclude<HalfMessage, { type: Answer }>): void;
  /** The program has given a message that has too much to be read. */
  dropped(why: Excess): void;
  /** The process sent what our end of the channel never sends. */
  offended(what: string): void;
  /** Comes exactly once, and is the last event. */
  exited(code: number | null, signal: NodeJS.Signals | null): void;
}

/**
 * No handle of the half's is awaited. The application's code in it may send some by mistake, and each may come with some 60 descriptors that
 * only the end of the channel closes.
 */
const MOST_HANDLES = 4;

/**
 * The process has no row that tells whether its event loop turns: one that has sent nothing since the last look stands still. One that
 * sends, and does not answer, has a minute.
 */
const MOST_LOOKS_IN_VAIN = 240;

/** A process of `--primary`. The object owns the child and its channel, which are released when it has ended. */
export class HalfProcess {
  readonly child: ChildProcess;
  readonly #channel: Channel<ToHalf>;
  readonly #settling: Settling;
  /** Whether it can be asked something: Node has made its channel, and it has not misused it. */
  readonly #isAsked: () => boolean;
  /** How often something came from it, now and at the last look. */
  readonly #reads: () => number;
  #readBefore = 0;
  #hasEnded = false;

  /** @param isOtherCode whether the code of prefork that it runs may be of another version than this process's. */
  constructor(child: ChildProcess, events: HalfEvents, isOtherCode = false) {
    this.child = child;
    let hasOffended = false;
    // The owner ends the process. What it sends until then is not worth a word.
    const offend = (what: string): void => {
      if (hasOffended) return;
      hasOffended = true;
      intake?.close();
      events.offended(what);
    };
    const intake: Intake | undefined = Intake.of(
      child,
      {
        malformed: offend,
        unusable: offend,
        uncertain: () => this.#settling.doubt(),
        dropped: (why) => events.dropped(why),
      },
      { isClustered: false, mostHandles: MOST_HANDLES, passes: HALF_SENDS },
    );
    this.#settling = new Settling({
      tell: (type) => {
        if (type === 'prove') intake?.awaitHandle();
        this.send({ type });
      },
      blame: offend,
      mostLooks: MOST_LOOKS_IN_VAIN,
      canProve: () => !isOtherCode || this.#channel.otherProves,
    });
    const hear = (body: unknown, handle: unknown): void => {
      // No handle is awaited, and the intake passes on none but connections.
      (handle as { close?: () => void } | undefined)?.close?.();
      const message = decodeHalfMessage(body);
      if (message === undefined) offend('no message of ours');
      else if (hasOffended) return;
      else if (message.type === 'settled') this.#settling.answered(message.type, { hasHandle: handle !== undefined });
      else if (message.type === 'proof') {
        if (handle === undefined) intake?.awaitNone();
        this.#settling.answered(message.type, { hasHandle: handle !== undefined, isUnsent: message.unsent === true });
      } else events.said(message);
    };
    this.#channel = new Channel(child, hear, intake && {});
    this.#reads = () => intake?.reads ?? 0;
    this.#isAsked = () => intake !== undefined && !hasOffended;
    const end = (code: number | null, signal: NodeJS.Signals | null): void => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      intake?.close();
      this.#channel.close();
      // A process that it has started may have the channel as well.
      if (child.connected) child.disconnect();
      events.exited(code, signal);
    };
    child.once('exit', end);
    child.on('error', () => {
      if (child.pid === undefined) end(null, null);
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Asks whether descriptors wait in its channel: see `Settling`. @param onlyOverdue whether it is asked only again. */
  settle(onlyOverdue: boolean): void {
    if (!this.#isAsked() || !this.child.connected || (onlyOverdue && !this.#settling.isOpen)) return;
    const reads = this.#reads();
    this.#settling.look(reads === this.#readBefore);
    this.#readBefore = reads;
  }

  /**
   * Sends a message. What a worker has said is dropped while too much waits to be read. The half has to hear of each worker, and
   * that is little.
   *
   * @returns false when the message was dropped, or the process is gone.
   */
  send(message: ToHalf): boolean {
    if (message.type === 'said' && (channelOf(this.child)?.writeQueueSize ?? 0) > LONGEST_BACKLOG_BYTES) return false;
    return this.#channel.send(message);
  }
}
