/**
 * The first size of a store for bytes whose number is not known, or that are many. One byte of a client may cost as
 * much.
 */
const FIRST_BYTES = 1024;
const NOTHING = Buffer.alloc(0);

/**
 * Gathers bytes in one buffer. It grows as bytes come, and not by the number that a client announces. Small chunks do
 * not become small objects.
 */
export class ByteStore {
  #buffer = NOTHING;
  #size = 0;

  /** The number of bytes in it. */
  get size(): number {
    return this.#size;
  }

  /** What is in it now. It is a view: what is appended later is not in it. */
  get bytes(): Buffer {
    return this.#buffer.subarray(0, this.#size);
  }

  /** @param expected how many bytes are going to be in it, all in all; -1 when that is not known. */
  append(bytes: Buffer, from: number, to: number, expected: number): void {
    const size = this.#size + to - from;
    if (size > this.#buffer.length) this.#grow(size, expected);
    bytes.copy(this.#buffer, this.#size, from, to);
    this.#size = size;
  }

  /** Hands over what is in it, and is empty then. A caller may keep it: few bytes do not hold a large buffer. */
  take(): Buffer {
    const { bytes } = this;
    const isMostlyRoom = 2 * bytes.length < this.#buffer.length;
    this.#buffer = NOTHING;
    this.#size = 0;
    return isMostlyRoom ? copyOf(bytes) : bytes;
  }

  #grow(size: number, expected: number): void {
    const room = expected >= 0 && expected <= FIRST_BYTES ? expected : Math.max(FIRST_BYTES, 2 * size);
    const larger = Buffer.allocUnsafe(Math.max(size, expected >= 0 ? Math.min(expected, room) : room));
    this.#buffer.copy(larger, 0, 0, this.#size);
    this.#buffer = larger;
  }
}

/** A copy in memory of its own. That of Buffer's pool would be held together with what the stores had of it. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.alloc(bytes.length);
  bytes.copy(copy);
  return copy;
}
