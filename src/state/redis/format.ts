/**
 * The format of what prefork keeps in Redis: the names of keys, their types, and the bytes of values. Several machines
 * are not updated at one moment, so versions of prefork share one Redis. The format in use is written there, under a key
 * of its own. All who find it work in it, or say that they cannot.
 *
 * Format 2 keeps the mark of a computation in its lease; format 1 kept it under a key of its own. The tests hold every byte of
 * format 2.
 */
import { messageOf } from '../../contract/message-of.ts';
import { show } from '../arguments.ts';
import { StateError } from '../error.ts';
import { bytesOrNull, endless } from './replies.ts';
import type { Argument } from './topology.ts';

/** The formats that this version knows. It works in the one that it finds, and where there is none it begins the last. */
const known: readonly string[] = ['2'];

/** The key may be evicted between two commands, once in a while. */
const ROUNDS = 3;

export class Format {
  readonly #prefix: string;

  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  get key(): string {
    return `${this.#prefix}{format}`;
  }

  /**
   * Reads the format, and writes ours where there is none.
   *
   * @throws StateError `ERR_STATE_VERSION` for one that this version does not know; `ERR_STATE_UNAVAILABLE` for a server
   *   that has it and has it not.
   */
  async check(send: (parts: readonly Argument[]) => Promise<unknown>): Promise<void> {
    const own = known.at(-1)!;
    for (let round = 0; round < ROUNDS; round++) {
      const found = bytesOrNull(await send(['GET', this.key]))?.toString();
      if (found !== undefined) return this.#accept(found);
      try {
        // Another process may have been first.
        if ((await send(['SET', this.key, own, 'NX'])) !== null) return;
      } catch (error) {
        // A server that is full, or from which we may only read, can be used nevertheless.
        if (/^(OOM|READONLY|NOPERM|MISCONF|NOREPLICAS)\b/.test(messageOf(error))) return;
        throw error;
      }
    }
    throw endless('the format, which is there and is not');
  }

  #accept(found: string): void {
    if (known.includes(found)) return;
    throw new StateError(
      'ERR_STATE_VERSION',
      `Redis keeps the state under '${this.#prefix}' in format ${show(found)}, which another version of prefork has written; ` +
        `this version knows ${known.join(', ')}: update prefork here, or give openState another prefix`,
    );
  }
}
