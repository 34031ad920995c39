import type { Socket } from 'node:net';
import type { Context } from './context.ts';

/** Answers a request, now or later. What it throws, or rejects with, is answered by the error handler. */
export type Handler = (context: Context) => unknown;

/** Where errors go that no client should see; `console` and pino fit. What it throws itself is ignored. */
export interface HttpLogger {
  error(message: string, error?: unknown): void;
}

/** What differs for one request, as `headerReceived` decides. */
export interface RequestLimits {
  /** Bytes; 0 is no limit. */
  readonly maxRequestBodySize?: number;
  /** For the rest of this request, ms; 0 is no limit. */
  readonly readTimeout?: number;
}

/** What becomes of a connection, as Go's `http.ConnState` has it. */
export type ConnState = 'new' | 'active' | 'idle' | 'hijacked' | 'closed';

/**
 * The functions of a server that are the application's. None of them ends the process by throwing: those that see a
 * request have thrown as its handler, and what the others throw is logged.
 */
export interface Hooks {
  readonly handler: Handler;
  /** Answers for a handler that has thrown. @default the status of an HttpError, 500 for any other, which is logged */
  readonly errorHandler?: ((context: Context, error: unknown) => unknown) | undefined;
  /** Each change in a connection's life. */
  readonly connState?: ((socket: Socket, state: ConnState) => void) | undefined;
  /** Before a body is read: other limits for this request. */
  readonly headerReceived?: ((context: Context) => RequestLimits | undefined) | undefined;
  /** Whether the client may go on that sent `Expect: 100-continue`. @default yes */
  readonly continueHandler?: ((context: Context) => boolean) | undefined;
  /** A request was refused before any handler. */
  readonly onRefused?: ((reason: string, socket: Socket) => void) | undefined;
  /** @returns whether the connection was taken. */
  readonly upgrade: (context: Context, isTunnel: boolean) => boolean;
  readonly logger: HttpLogger;
}
