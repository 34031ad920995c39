import type { Socket } from 'node:net';
import type { Sendable } from './content.ts';
import type { ResponseFields } from './response-fields.ts';

/** The head of a response, as its handler has left it. */
export interface ResponseHead {
  readonly statusCode: number;
  /** What the handler has set. */
  readonly fields: ResponseFields | undefined;
  /** The type of content that is sent when the handler names none. */
  contentTypeOf(content: Sendable): string;
}

/** A connection that is no longer the server's. */
export interface Hijacked {
  readonly socket: Socket;
  /** What was received after the request. */
  readonly head: Buffer;
}

/**
 * Where a response goes: all that a context knows of its connection. Only the context whose turn it is calls it, and each
 * call is one that the table of the response side allows.
 */
export interface ResponseSink {
  readonly socket: Socket;
  /** The whole response. */
  answer(head: ResponseHead, content: Sendable): void;
  /** The head of a response that `write` goes on with. */
  begin(head: ResponseHead): void;
  /** @returns false when the client is slower. */
  write(content: Sendable): boolean;
  /** Settles when the client has taken what was written, or left. */
  drained(): Promise<void>;
  finish(trailers: string): void;
  /** What was begun will not be whole, and the client has to see that. @param error to be logged, if there is one */
  break(error?: unknown): void;
  /** Sends what comes before the response. */
  inform(head: string): void;
  hijack(): Hijacked;
}
