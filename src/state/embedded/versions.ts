import { closeSync, readSync, writeSync } from 'node:fs';
import { StateError } from '../error.ts';
import { messageOf } from '../../contract/message-of.ts';

const SLOTS = 4096;
export const VERSIONS_BYTES: number = SLOTS * 8;

/**
 * A number for each slot, and each key belongs to a slot. The number changes before the item of the key does, except
 * when the item is evicted. So a process may keep a copy of what it read, and ask here with one pread of 8 bytes
 * whether the copy is still good. The object owns the descriptor.
 *
 * The database has the same numbers, written in the transaction that changes the key. A copy is only kept when both
 * agree: then no process is between the two writes, and none has died there. Only a process with the database's write
 * lock writes here.
 */
export class Versions {
  readonly #fd: number;
  readonly #number = new Float64Array(1);
  readonly #bytes = new Uint8Array(this.#number.buffer);

  constructor(fd: number) {
    this.#fd = fd;
  }

  read(slot: number): number {
    this.#number[0] = 0;
    readSync(this.#fd, this.#bytes, 0, 8, slot * 8);
    return this.#number[0];
  }

  write(slot: number, version: number): void {
    this.#number[0] = version;
    this.#put(this.#bytes, slot * 8);
  }

  writeAll(version: number): void {
    this.#put(new Uint8Array(new Float64Array(SLOTS).fill(version).buffer), 0);
  }

  close(): void {
    closeSync(this.#fd);
  }

  #put(bytes: Uint8Array, position: number): void {
    try {
      let done = 0;
      while (done < bytes.length) done += writeSync(this.#fd, bytes, done, bytes.length - done, position + done);
    } catch (cause) {
      throw new StateError('ERR_STATE_FULL', `the store cannot be written: ${messageOf(cause)}`, { cause });
    }
  }
}

/** Hashes a key by FNV-1a, so that similar keys get unrelated slots. */
export function slotOf(area: number, key: string): number {
  let hash = 0x811c9dc5 ^ area;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
