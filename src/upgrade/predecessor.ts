import { once } from 'node:events';
import { FORMAT, legacyOf, VARIABLE, type Legacy, type SuccessorMessage } from './legacy.ts';

/** How long it may take to hear that this one is ready, ms. */
const PATIENCE = 5000;

/**
 * The primary before this one, which started it to be succeeded. It serves until it is told `ready`, and goes on for ever
 * if this process fails before that. When it is gone early, this process is the primary all the same.
 *
 * Owns the channel between the two, which is closed by it in answer to `ready`, and by `failed`.
 */
export class Predecessor {
  readonly legacy: Legacy;
  /** Whether its channel is open. With `--user` this process has another one after it, which is the binder's. */
  #isThere = process.connected;

  private constructor(legacy: Legacy) {
    this.legacy = legacy;
    process.once('disconnect', () => {
      this.#isThere = false;
    });
  }

  /**
   * @returns undefined when this process was not started by a primary to succeed it.
   * @throws Error when that one does not answer, or in words that are not understood.
   */
  static async meet(): Promise<Predecessor | undefined> {
    if (process.env[VARIABLE] === undefined) return undefined;
    // Whatever this process starts succeeds nobody.
    delete process.env[VARIABLE];
    if (process.send === undefined) return undefined;
    say({ prefork: 'hello', format: FORMAT });
    return new Predecessor(await answer());
  }

  /**
   * From now on this process is the primary. Settles when the one before knows, or is stuck: it accepts nothing either then.
   * Idempotent.
   */
  async ready(): Promise<void> {
    if (!this.#isThere) return;
    const heard = once(process, 'disconnect', { signal: AbortSignal.timeout(PATIENCE) });
    say({ prefork: 'ready' });
    await heard.catch(leave);
  }

  failed(reason: string): void {
    if (!this.#isThere) return;
    say({ prefork: 'failed', reason });
    leave();
  }
}

function answer(): Promise<Legacy> {
  return new Promise((resolve, reject) => {
    const gone = (): void => reject(new Error('the primary that is to be succeeded is gone'));
    process.once('disconnect', gone);
    process.once('message', (message) => {
      process.off('disconnect', gone);
      const legacy = legacyOf(message);
      if (legacy === undefined) reject(new Error('the primary that is to be succeeded speaks another format'));
      else resolve(legacy);
    });
  });
}

function say(message: SuccessorMessage): void {
  if (process.connected) process.send!(message, undefined, {}, () => {});
}

function leave(): void {
  if (process.connected) process.disconnect();
}
