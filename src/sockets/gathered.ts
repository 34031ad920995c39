/** The first size of the memory, in bytes. */
const FIRST_BYTES = 256;

/**
 * Bytes that come in pieces. They are copied into one piece of memory that grows: a list of the pieces would take hundreds of bytes
 * for each, and a sender decides how small they are.
 */
export class Gathered {
  #store = new Uint8Array();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  add(piece: Uint8Array): void {
    if (piece.length === 0) return;
    const length = this.#length + piece.length;
    if (length > this.#store.length) {
      const larger = new Uint8Array(Math.max(FIRST_BYTES, 2 * this.#store.length, length));
      larger.set(this.#store.subarray(0, this.#length));
      this.#store = larger;
    }
    this.#store.set(piece, this.#length);
    this.#length = length;
  }

  /** Returns all bytes so far, and forgets them. */
  take(): Uint8Array {
    const taken = this.#store.subarray(0, this.#length);
    this.clear();
    return taken;
  }

  clear(): void {
    this.#store = new Uint8Array();
    this.#length = 0;
  }
}
