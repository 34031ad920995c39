import type { Socket } from 'node:net';
import type { Context } from './context.ts';

/** Answers a request, now or later. When it throws or rejects, the error handler answers. */
export type Handler = (context: Context) => unknown;

/** The target of errors that no client should see. `console` and pino fit. Its own errors are ignored. */
export interface HttpLogger {
  error(message: string, error?: unknown): void;
}

/** The limits that differ for one request, as `headerReceived` decides. */
export interface RequestLimits {
  /** The most bytes of the body; 0 is no limit. */
  readonly maxRequestBodySize?: number;
  /** The time from the first byte of this request to its last, ms; 0 is no limit. */
  readonly readTimeout?: number;
}

/** The state of a connection, as Go's `http.ConnState` has it. */
export type ConnState = 'new' | 'active' | 'idle' | 'hijacked' | 'closed';

/**
 * The functions of a server that are the application's. None of them ends the process by throwing. An error of those
 * that see a request counts as its handler's, and an error of the others is logged.
 */
export interface Hooks {
  readonly handler: Handler;
  /** Answers for a handler that has thrown. @default the status of an HttpError, 500 for any other, which is logged */
  readonly errorHandler?: ((context: Context, error: unknown) => unknown) | undefined;
  /** Hears of each change in a connection's life. */
  readonly connState?: ((socket: Socket, state: ConnState) => void) | undefined;
  /** Returns other limits for this request. It is called before the body is read. */
  readonly headerReceived?: ((context: Context) => RequestLimits | undefined) | undefined;
  /** Whether a client that sent `Expect: 100-continue` may go on. @default yes */
  readonly continueHandler?: ((context: Context) => boolean) | undefined;
  /** Hears of a request that was refused before any handler. */
  readonly onRefused?: ((reason: string, socket: Socket) => void) | undefined;
  /** @returns whether the connection was taken. */
  readonly upgrade: (context: Context, isTunnel: boolean) => boolean;
  readonly logger: HttpLogger;
}
