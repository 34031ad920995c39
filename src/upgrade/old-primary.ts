import { closeSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { FORMAT, HANDOVER_FD, handoverOf, VARIABLE, type Handover, type NewPrimaryMessage } from './handover.ts';

/** How long the primary before this one may take to hear that this one is ready, ms. */
const PATIENCE_MS = 5000;

/**
 * The primary before this one, which started it to be succeeded. It serves until it is told `ready`, and goes on for ever
 * if this process fails before that. When it is gone early, this process is the primary all the same: it has the sockets, and
 * all that there is to know of them, from its first moment on.
 *
 * Owns the channel between the two, which `ready`, `failed` and `close` end.
 */
export class OldPrimary {
  readonly handover: Handover;
  /** Whether this process is the primary by now, or will not be. */
  #isOver = false;
  #isGone = !process.connected;
  #gone: () => void = () => {};

  private constructor(handover: Handover) {
    this.handover = handover;
    // At once, for with `--user` the process gets another channel when this one has ended, which is the binder's.
    process.once('disconnect', () => {
      this.#isGone = true;
      if (!this.#isOver) this.#gone();
    });
    process.channel?.unref();
  }

  /**
   * @returns undefined when this process was not started by a primary to succeed it.
   * @throws Error when that one is gone and has left nothing, or speaks another format.
   */
  static meet(): OldPrimary | undefined {
    const format = process.env[VARIABLE];
    if (format === undefined) return undefined;
    // What this process starts succeeds no primary.
    delete process.env[VARIABLE];
    try {
      if (format !== String(FORMAT)) throw new Error('the primary that is to be succeeded speaks another format');
      return new OldPrimary(readHandover());
    } catch (error) {
      say({ prefork: 'failed', reason: (error as Error).message });
      leave();
      throw error;
    }
  }

  /** Is told when the other one ends before this one is ready: what was its own is this one's to remove then. */
  onGone(gone: () => void): void {
    this.#gone = gone;
    if (this.#isGone && !this.#isOver) gone();
  }

  /**
   * From now on this process is the primary. Settles when the one before knows, or is stuck: it accepts nothing either then.
   * Idempotent.
   *
   * @param generation of the workers that serve.
   */
  async ready(generation: number): Promise<void> {
    if (this.#isOver || this.#isGone) return;
    this.#isOver = true;
    const heard = once(process, 'disconnect', { signal: AbortSignal.timeout(PATIENCE_MS) });
    say({ prefork: 'ready', generation });
    await heard.catch(leave);
  }

  failed(reason: string): void {
    if (!this.#isOver && !this.#isGone) say({ prefork: 'failed', reason });
    this.close();
  }

  /** Idempotent. */
  close(): void {
    if (!this.#isOver && !this.#isGone) leave();
    this.#isOver = true;
  }
}

/** Written before this process ran, so that it is here whole, or never will be. */
function readHandover(): Handover {
  let text: string;
  try {
    text = readFileSync(HANDOVER_FD, 'utf8');
    closeSync(HANDOVER_FD);
  } catch (cause) {
    throw new Error('the primary that is to be succeeded is gone', { cause });
  }
  const handover = handoverOf(text);
  if (handover === undefined) throw new Error('the primary that is to be succeeded is gone, and has left nothing');
  return handover;
}

function say(message: NewPrimaryMessage): void {
  if (process.connected) process.send!(message, undefined, {}, () => {});
}

function leave(): void {
  if (process.connected) process.disconnect();
}
