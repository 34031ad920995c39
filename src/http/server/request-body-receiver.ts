import { Body } from '../message/body.ts';
import type { Refusal } from '../protocol/refusals.ts';
import type { RequestHead } from '../message/request-head.ts';
import type { ServerCore } from './server-core.ts';

/** The bytes of a streamed body that may wait for the handler. */
const MOST_WAITING_BYTES = 64 * 1024;
/** The bytes of a body that no handler reads for which the connection waits. It does not wait for more. */
const MOST_SKIPPED_BYTES = 256 * 1024;

/**
 * A body on its way, within its limits.
 *
 * Owns the body, and its share of the memory of all bodies. The share of a stream is what waits and the piece in work, and
 * what a form keeps of it: its fields. The share of any other body is all that came. After `free` it has no share.
 */
export class RequestBodyReceiver {
  readonly body: Body;
  /** The most bytes that it may have; Infinity for no limit. */
  limit = 0;
  /** Whether it is known to be so short that it is skipped when the request is answered before its end. */
  isShort = false;
  readonly #core: ServerCore;
  #size = 0;
  #reserved = 0;

  /** @param onTaken called when the handler has taken what waited. */
  constructor(core: ServerCore, head: RequestHead, onTaken: () => void) {
    this.#core = core;
    this.body = new Body(head, onTaken, (size) => this.#release(size));
  }

  /** Whether the handler is slower than the client. */
  get isFull(): boolean {
    return this.body.waiting > MOST_WAITING_BYTES;
  }

  /** Notes that the client is going to send it. @param length -1 when that is not known. */
  expect(length: number): void {
    this.isShort = length >= 0 && length <= MOST_SKIPPED_BYTES;
  }

  /** @param expected the length of the body; -1 when that is not known. */
  take(bytes: Buffer, from: number, to: number, expected: number): Refusal | undefined {
    const size = to - from;
    this.#size += size;
    if (this.#size > this.limit) return 'BODY_TOO_LARGE';
    if (!this.#core.reserve(size)) return 'BODIES_TOO_LARGE';
    this.#reserved += size;
    this.body.append(bytes, from, to, expected);
    return undefined;
  }

  /** Counts bytes after the request has been answered. @returns false when the rest is not worth the wait any more. */
  skip(size: number): boolean {
    this.#size += size;
    return this.#size <= MOST_SKIPPED_BYTES;
  }

  /** Gives its share of the memory back. It may be called again. */
  free(): void {
    this.#release(this.#reserved);
  }

  /** Gives memory back. A handler that reads on what had come may do so after `free`. */
  #release(size: number): void {
    const released = Math.min(size, this.#reserved);
    this.#reserved -= released;
    this.#core.free(released);
  }
}
