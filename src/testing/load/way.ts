import type { Answer } from './answer.ts';
import { Http1Kept, Http1New } from './http1-way.ts';
import { Http2Kept, Http2New, SharedSession } from './http2-way.ts';
import type { Protocol, Sent } from './request.ts';
import type { ConnectionEvents, ConnectionHistory, Route } from './route.ts';

/** The way in which a client gets a connection for its next request. A way owns connections, and `end` closes them. */
export interface Way {
  /** Sends a request. The promise rejects with Lost. */
  ask(sent: Sent): Promise<Answer>;
  /** The history of the connection of the last request. */
  readonly history: ConnectionHistory | undefined;
  end(): void;
}

/** Connections are kept, or opened for each request. */
export type Style = 'kept' | 'new';

/** The number of clients that share a session, because browsers and gRPC clients run streams side by side too. */
const CLIENTS_PER_SESSION = 8;

/**
 * Creates the ways of a load.
 *
 * @returns a function that gives each client its way.
 */
export function waysTo(route: Route, protocol: Protocol, events: ConnectionEvents): (style: Style) => Way {
  if (protocol === 'http1') {
    return (style) => (style === 'kept' ? new Http1Kept(route, events) : new Http1New(route, events));
  }
  let shared = new SharedSession(route, events);
  return (style) => {
    if (style === 'new') return new Http2New(route, events);
    if (shared.users === CLIENTS_PER_SESSION) shared = new SharedSession(route, events);
    return new Http2Kept(route, events, shared);
  };
}
