import type { Socket } from 'node:net';
import type { Context } from '../message/context.ts';
import type { RequestBodyReceiver } from './request-body-receiver.ts';
import type { ServerCore } from './server-core.ts';

/** The request of a connection that is being received or answered, and its place in the server's counts. */
export class CurrentRequest {
  readonly #core: ServerCore;
  readonly #socket: Socket;
  #context: Context | undefined;
  #receiver: RequestBodyReceiver | undefined;
  /** The ordinal of the request among all that a handler got; 0 when no handler has got it, or it is over. */
  #ordinal = 0;
  /** The time when its handler was called, if that is to be known. */
  #startedAt = 0;

  constructor(core: ServerCore, socket: Socket) {
    this.#core = core;
    this.#socket = socket;
  }

  get context(): Context | undefined {
    return this.#context;
  }

  /** Undefined for a request without a body. */
  get receiver(): RequestBodyReceiver | undefined {
    return this.#receiver;
  }

  /** Whether a handler has got it, and it is not over. */
  get isGiven(): boolean {
    return this.#ordinal !== 0;
  }

  begin(context: Context, receiver?: RequestBodyReceiver): void {
    this.#context = context;
    this.#receiver = receiver;
  }

  /** Counts it as given to a handler. */
  count(): void {
    this.#ordinal = this.#core.traffic.begin(this.#socket);
    this.#startedAt = this.#core.traffic.startTime();
  }

  /**
   * Counts it as over, once, and its body's memory as free.
   *
   * @param status the status of the response, if there was one; 0 where the handler took the connection over
   */
  end(status?: number): void {
    this.#receiver?.free();
    const ordinal = this.#ordinal;
    if (ordinal === 0) return;
    this.#ordinal = 0;
    this.#core.traffic.end(ordinal, this.#startedAt, this.#socket, status);
  }

  /** Forgets it: the connection is for the next one. */
  clear(): void {
    this.#context = this.#receiver = undefined;
  }

  /** Gives it up. Its handler learns that, unless it has given the whole response. */
  abandon(reason: () => Error, status?: number): void {
    const context = this.#context;
    if (context === undefined) return;
    this.#context = undefined;
    this.end(status);
    if (context.isOpen || context.isUnderway) context.abandon(reason());
  }
}
