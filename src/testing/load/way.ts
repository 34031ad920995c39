import type { Answer } from './answer.ts';
import { Http1Kept, Http1New } from './http1-way.ts';
import { Http2Kept, Http2New, SharedSession } from './http2-way.ts';
import type { Protocol, Sent } from './request.ts';
import type { ConnectionEvents, ConnectionHistory, Route } from './route.ts';

/** How a client comes to the connection for its next request. Owns connections; `end` closes them. */
export interface Way {
  /** Rejects with Lost. */
  ask(sent: Sent): Promise<Answer>;
  /** Of the connection of the last request. */
  readonly history: ConnectionHistory | undefined;
  end(): void;
}

/** Connections are kept, or made anew for each request. */
export type Style = 'kept' | 'new';

/** Clients that share a session: browsers and gRPC clients have streams side by side too. */
const CLIENTS_PER_SESSION = 8;

/** @returns a function that gives one client after another its way. */
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
