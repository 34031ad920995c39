import { closeSync, readSync, writeSync } from 'node:fs';
import { StateError } from '../error.ts';

const SLOTS = 4096;
export const VERSIONS_SIZE: number = SLOTS * 8;

/**
 * One number a slot, and every key has a slot: it changes before anything about the key does, but for its eviction. So a
 * process may keep a copy of what it read, and asks here, with one pread of 8 bytes, whether it is still good. Owns the
 * descriptor.
 *
 * The database has the same numbers, written in the transaction that changes the key. A copy is kept only where both agree:
 * then nobody is between the two, and nobody died there. Only who holds the database's write lock writes here.
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
      throw new StateError('ERR_STATE_FULL', `the store cannot be written: ${(cause as Error).message}`, { cause });
    }
  }
}

/** FNV-1a: keys that differ little get slots that have nothing to do with each other. */
export function slotOf(area: number, key: string): number {
  let hash = 0x811c9dc5 ^ area;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}
