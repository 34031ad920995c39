import { closeSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import type { SentHandle } from '../ipc/channel.ts';
import type { HandoffEnd } from '../ipc/messages.ts';
import { isMoveMessage, type MovedMessage, type MoveMessage, type MoveTerms } from './moves.ts';
import { FORMAT, HANDOVER_FD, handoverOf, VARIABLE, type Handover, type NewPrimaryMessage } from './handover.ts';
import { messageOf } from '../contract/message-of.ts';

/** How long the primary before this one may take to hear that this one is ready. */
const PATIENCE_MS = 5000;

/** Has connections of the old primary's workers served here. */
export interface Taker {
  /** @param handle undefined when its descriptor got lost */
  take(id: number, terms: MoveTerms, handle: SentHandle | undefined): void;
  recall(id: number): void;
  /** The old primary has left, and hears nothing more. */
  gone(): void;
}

/**
 * The primary before this one, which started this process to succeed it. It serves until it is told `ready`, and serves
 * on if this process fails before that. When it ends early, this process becomes the primary all the same: it has the
 * sockets and the whole handover from its first moment on.
 *
 * Owns the channel between the two, which `failed` and `close` end, and `ready` where nothing moves. Else the other one does when the
 * last of its workers has ended.
 */
export class OldPrimary {
  readonly handover: Handover;
  /** True when this process is the primary, or will not become it. */
  #isOver = false;
  #isGone = !process.connected;
  #isHeard = false;
  #gone: () => void = () => {};
  #taker: Taker | undefined;

  private constructor(handover: Handover) {
    this.handover = handover;
    // The listener is added at once. With `--user` the process gets another channel when this one has ended: the
    // binder's.
    process.once('disconnect', () => {
      this.#isGone = true;
      if (!this.#isOver) this.#gone();
      this.#taker?.gone();
    });
    process.channel?.unref();
  }

  /**
   * Meets the primary that started this process.
   *
   * @returns undefined when this process was not started to succeed a primary.
   * @throws Error when that primary is gone and has left nothing, or speaks another format.
   */
  static meet(): OldPrimary | undefined {
    const format = process.env[VARIABLE];
    if (format === undefined) return undefined;
    // Processes that this one starts succeed no primary.
    delete process.env[VARIABLE];
    try {
      if (format !== String(FORMAT)) throw new Error('the old primary speaks another format');
      return new OldPrimary(readHandover());
    } catch (error) {
      say({ prefork: 'failed', reason: messageOf(error) });
      leave();
      throw error;
    }
  }

  /**
   * The function is called when the other primary ends before this one is ready. This one must then remove what the
   * other one created.
   */
  onGone(gone: () => void): void {
    this.#gone = gone;
    if (this.#isGone && !this.#isOver) gone();
  }

  /**
   * Makes this process the primary. The promise settles when the one before knows, or is stuck, in which case it
   * accepts nothing either. A second call does nothing.
   *
   * @param generation of the workers that serve.
   * @param taker takes connections of its workers from now on; what becomes of each is told by `moved`. @default none moves
   */
  async ready(generation: number, taker?: Taker): Promise<void> {
    if (this.#isOver || this.#isGone) return;
    this.#isOver = true;
    this.#taker = taker;
    const left = once(process, 'disconnect', { signal: AbortSignal.timeout(PATIENCE_MS) });
    // Without a taker no connection comes, and what does is the binder's to answer and not ours to close.
    const heard = taker === undefined ? left : Promise.race([left, this.#listen()]);
    say({ prefork: 'ready', generation, ...(taker && { takes: true }) });
    await heard.catch(leave);
  }

  /** Takes connections from now on. The promise settles when the other primary has heard that this one is ready. */
  #listen(): Promise<void> {
    return new Promise((resolve) => {
      process.on('message', (said, handle) => {
        if (!isMoveMessage(said)) return closeHandle(handle);
        if (said.prefork !== 'heard') return this.#take(said, handle);
        this.#isHeard = true;
        resolve();
      });
    });
  }

  /**
   * Whether the primary before may still pass a stop on. When it is stopped itself it ends this process, until it has heard that this
   * one is ready, and it may have been stopped just before it hears that.
   */
  get mayPassStopOn(): boolean {
    return !this.#isGone && !this.#isHeard;
  }

  /** What became of a connection that it has sent. */
  moved(id: number, how: HandoffEnd): void {
    say({ prefork: 'moved', id, how });
  }

  #take(said: Exclude<MoveMessage, { prefork: 'heard' }>, handle: SentHandle | undefined): void {
    if (said.prefork === 'recall') this.#taker?.recall(said.id);
    else this.#taker?.take(said.id, said, handle);
  }

  failed(reason: string): void {
    if (!this.#isOver && !this.#isGone) say({ prefork: 'failed', reason });
    this.close();
  }

  /** Closes the channel. A second call does nothing. */
  close(): void {
    if (!this.#isOver && !this.#isGone) leave();
    this.#isOver = true;
  }
}

/**
 * Reads the handover. The read blocks until the old primary has closed the pipe. If that primary died while it wrote, the text
 * is incomplete and cannot be parsed.
 */
function readHandover(): Handover {
  let text: string;
  try {
    text = readFileSync(HANDOVER_FD, 'utf8');
    closeSync(HANDOVER_FD);
  } catch (cause) {
    throw new Error('the old primary is gone', { cause });
  }
  const handover = handoverOf(text);
  if (handover === undefined) throw new Error('the old primary left no handover that can be read');
  return handover;
}

function closeHandle(handle: unknown): void {
  (handle as { close?(): void } | undefined)?.close?.();
}

function say(message: NewPrimaryMessage | MovedMessage): void {
  if (process.connected) process.send!(message, undefined, {}, () => {});
}

function leave(): void {
  if (process.connected) process.disconnect();
}
