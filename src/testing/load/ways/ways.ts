import type { Protocol } from '../request.ts';
import type { ConnectionEvents, Route } from '../route.ts';
import { Http1Way } from './http1-way.ts';
import { Http2Kept, Http2New, SharedSession } from './http2-way.ts';
import type { Style, Way } from './way.ts';

/** The number of clients that share a session, because browsers and gRPC clients run streams side by side too. */
const CLIENTS_PER_SESSION = 8;

/**
 * Creates the ways of a load.
 *
 * @returns a function that gives each client its way.
 */
export function waysTo(route: Route, protocol: Protocol, events: ConnectionEvents): (style: Style) => Way {
  if (protocol === 'http1') return (style) => new Http1Way(route, events, style);
  let shared = new SharedSession(route, events);
  return (style) => {
    if (style === 'new') return new Http2New(route, events);
    if (shared.users === CLIENTS_PER_SESSION) shared = new SharedSession(route, events);
    return new Http2Kept(route, events, shared);
  };
}
