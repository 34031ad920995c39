import { closeSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { FORMAT, LEGACY_FD, legacyOf, VARIABLE, type Legacy, type SuccessorMessage } from './legacy.ts';

/** How long the primary before this one may take to hear that this one is ready, ms. */
const PATIENCE_MS = 5000;

/**
 * The primary before this one, which started it to be succeeded. It serves until it is told `ready`, and goes on for ever
 * if this process fails before that. When it is gone early, this process is the primary all the same: it has the sockets, and
 * all that there is to know of them, from its first moment on.
 *
 * Owns the channel between the two, which `ready`, `failed` and `close` end.
 */
export class Predecessor {
  readonly legacy: Legacy;
  /** Whether this process is the primary by now, or will not be. */
  #isOver = false;
  #isGone = !process.connected;
  #gone: () => void = () => {};

  private constructor(legacy: Legacy) {
    this.legacy = legacy;
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
  static meet(): Predecessor | undefined {
    const format = process.env[VARIABLE];
    if (format === undefined) return undefined;
    // What this process starts succeeds no primary.
    delete process.env[VARIABLE];
    try {
      if (format !== String(FORMAT)) throw new Error('the primary that is to be succeeded speaks another format');
      return new Predecessor(readLegacy());
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
function readLegacy(): Legacy {
  let text: string;
  try {
    text = readFileSync(LEGACY_FD, 'utf8');
    closeSync(LEGACY_FD);
  } catch (cause) {
    throw new Error('the primary that is to be succeeded is gone', { cause });
  }
  const legacy = legacyOf(text);
  if (legacy === undefined) throw new Error('the primary that is to be succeeded is gone, and has left nothing');
  return legacy;
}

function say(message: SuccessorMessage): void {
  if (process.connected) process.send!(message, undefined, {}, () => {});
}

function leave(): void {
  if (process.connected) process.disconnect();
}
