/** A handle of Node's that is read: a connection, or a channel. */
export interface ReadHandle {
  /** All bytes that were read so far. Node's own handles have it. */
  readonly bytesRead?: number;
}

/**
 * Tells how much of its buffer each read of a handle has filled. From Node.js 26 on, a buffer of which more than half was
 * filled comes as a whole. What stands behind the bytes that were read is other memory of this process.
 */
export class Filled {
  readonly #handle: ReadHandle;
  #before: number;

  constructor(handle: ReadHandle) {
    this.#handle = handle;
    this.#before = handle.bytesRead ?? 0;
  }

  /** Returns the bytes of the read that is being told. It is called once for each read. */
  of(buffer: ArrayBuffer): Uint8Array {
    const { bytesRead } = this.#handle;
    if (bytesRead === undefined) return new Uint8Array(buffer);
    const count = bytesRead - this.#before;
    this.#before = bytesRead;
    return new Uint8Array(buffer, 0, Math.min(count, buffer.byteLength));
  }
}
