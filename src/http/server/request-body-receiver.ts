import { Body } from '../message/body.ts';
import type { Fault } from '../protocol/faults.ts';
import type { RequestHead } from '../protocol/request-head.ts';
import type { ServerCore } from './server-core.ts';

/** What of a streamed body may wait for the handler. */
const MOST_WAITING = 64 * 1024;
/** Of a body that no handler reads, more than this is not waited for. */
const MOST_SKIPPED = 256 * 1024;

/**
 * A body on its way, within its limits.
 *
 * Owns the body, and what it counts for of the memory of all bodies: of a stream what waits and the piece in work, of any
 * other all that came; nothing after `free`.
 */
export class RequestBodyReceiver {
  readonly body: Body;
  /** Bytes it may have; Infinity for no limit. */
  limit = 0;
  /** Whether it is known to be so short that it is skipped when the request is answered before its end. */
  isShort = false;
  readonly #core: ServerCore;
  #size = 0;
  #reserved = 0;

  /** @param onTaken the handler has taken what waited. */
  constructor(core: ServerCore, head: RequestHead, onTaken: () => void) {
    this.#core = core;
    this.body = new Body(head, onTaken, (size) => this.#release(size));
  }

  /** The handler is slower than the client. */
  get isFull(): boolean {
    return this.body.waiting > MOST_WAITING;
  }

  /** The client is going to send it. @param length -1 when that is not known. */
  expect(length: number): void {
    this.isShort = length >= 0 && length <= MOST_SKIPPED;
  }

  /** @param expected length of the body; -1 when that is not known. */
  take(bytes: Buffer, from: number, to: number, expected: number): Fault | undefined {
    const size = to - from;
    this.#size += size;
    if (this.#size > this.limit) return 'BODY_TOO_LARGE';
    if (!this.#core.reserve(size)) return 'BODIES_TOO_LARGE';
    this.#reserved += size;
    this.body.append(bytes, from, to, expected);
    return undefined;
  }

  /** The request has been answered. @returns false when what comes is not worth the wait any more. */
  skip(size: number): boolean {
    this.#size += size;
    return this.#size <= MOST_SKIPPED;
  }

  /** Idempotent. */
  free(): void {
    this.#release(this.#reserved);
  }

  /** Also after `free`, by a handler that reads on what had come by then. */
  #release(size: number): void {
    const released = Math.min(size, this.#reserved);
    this.#reserved -= released;
    this.#core.free(released);
  }
}
