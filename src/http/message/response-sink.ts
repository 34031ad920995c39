import type { Socket } from 'node:net';
import type { Sendable } from './content.ts';
import type { Forwarded } from './forwarded.ts';
import type { ResponseFields } from './response-fields.ts';

/** The head of a response, as its handler has left it. */
export interface ResponseHead {
  readonly statusCode: number;
  /** The fields that the handler has set. */
  readonly fields: ResponseFields | undefined;
  /** The type of content that is sent when the handler names none. */
  contentTypeOf(content: Sendable): string;
}

/** A connection that is no longer the server's. */
export interface Hijacked {
  readonly socket: Socket;
  /** The bytes that were received after the request. */
  readonly head: Buffer;
}

/**
 * The target of a response: all that a context knows of its connection. Only the context whose turn it is calls it, and
 * the table of the response side allows each call.
 */
export interface ResponseSink {
  readonly socket: Socket;
  /** Undefined where no proxy is trusted. */
  readonly forwarded: Forwarded | undefined;
  /** Whether it came by a Unix socket; false where that is not asked for, because no proxy is trusted. */
  readonly isOfUnixSocket: boolean;
  /** Sends the whole response. */
  answer(head: ResponseHead, content: Sendable): void;
  /** Sends the head of a response. `write` goes on with it. */
  begin(head: ResponseHead): void;
  /** @returns false when the client is slower. */
  write(content: Sendable): boolean;
  /** Settles when the client has taken what was written, or left. */
  drained(): Promise<void>;
  finish(trailers: string): void;
  /**
   * Breaks off a response that was begun: it will not be whole, and the client has to see that. @param error is logged,
   * if there is one
   */
  break(error?: unknown): void;
  /** Sends a response that comes before the real one. */
  inform(head: string): void;
  hijack(): Hijacked;
}
