import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';
import type { Context } from './context.ts';
import type { Fault } from './faults.ts';
import type { HeadReader } from './head-reader.ts';
import type { Parser } from './parser.ts';
import type { ResponseHeads } from './response-heads.ts';
import type { Settings } from './settings.ts';

/** What differs for one request, as `headerReceived` decides. */
export interface RequestLimits {
  readonly maxRequestBodySize?: number;
  /** For the rest of this request, ms. */
  readonly readTimeout?: number;
}

/** What becomes of a connection, as Go's `http.ConnState` has it. */
export type ConnState = 'new' | 'active' | 'idle' | 'hijacked' | 'closed';

/** What connections share, and ask of their server. */
export interface Host {
  readonly settings: Settings;
  readonly heads: ResponseHeads;
  /** Milliseconds, by a clock that goes by the second: it costs nothing to read. */
  readonly now: number;
  readonly isClosing: boolean;
  /** Connections that are to end with their next response. */
  toDismiss: number;
  readonly connState: ((socket: Socket, state: ConnState) => void) | undefined;
  /** Requests given to the handler, and those of them that are over. */
  started: number;
  finished: number;
  /** Hears of each of those that was answered, see `Served.time`. Without it nothing is timed. */
  readonly onAnswered: ((status: number, ms: number, alone?: Socket) => void) | undefined;
  takeParser(): Parser;
  giveParser(parser: Parser): void;
  /** @returns false when bodies hold as much memory as they may. */
  reserve(bytes: number): boolean;
  free(bytes: number): void;
  /** What is wrong with a head that can be parsed. */
  judge(head: HeadReader): Fault | undefined;
  headerReceived(context: Context): RequestLimits | undefined;
  continues(context: Context): boolean;
  handle(context: Context): void;
  /** @returns whether somebody took the connection. */
  upgrade(context: Context, isTunnel: boolean): boolean;
  refused(fault: Fault, socket: Socket): void;
  /** It has closed. Idempotent. */
  remove(connection: Connection): void;
  /** It is another's. */
  left(connection: Connection): void;
}
