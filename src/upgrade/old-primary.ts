import { closeSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { FORMAT, HANDOVER_FD, handoverOf, VARIABLE, type Handover, type NewPrimaryMessage } from './handover.ts';

/** How long the primary before this one may take to hear that this one is ready. */
const PATIENCE_MS = 5000;

/**
 * The primary before this one, which started this process to succeed it. It serves until it is told `ready`, and serves
 * on if this process fails before that. When it ends early, this process becomes the primary all the same: it has the
 * sockets and the whole handover from its first moment on.
 *
 * The object owns the channel between the two, which `ready`, `failed` and `close` end.
 */
export class OldPrimary {
  readonly handover: Handover;
  /** True when this process is the primary, or will not become it. */
  #isOver = false;
  #isGone = !process.connected;
  #gone: () => void = () => {};

  private constructor(handover: Handover) {
    this.handover = handover;
    // The listener is added at once. With `--user` the process gets another channel when this one has ended: the
    // binder's.
    process.once('disconnect', () => {
      this.#isGone = true;
      if (!this.#isOver) this.#gone();
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
      say({ prefork: 'failed', reason: (error as Error).message });
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
   * @param generation the generation of the workers that serve.
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

  /** Closes the channel. A second call does nothing. */
  close(): void {
    if (!this.#isOver && !this.#isGone) leave();
    this.#isOver = true;
  }
}

/** Reads the handover. It was written before this process ran, so it is here whole or never will be. */
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

function say(message: NewPrimaryMessage): void {
  if (process.connected) process.send!(message, undefined, {}, () => {});
}

function leave(): void {
  if (process.connected) process.disconnect();
}
