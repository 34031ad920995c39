import type { Socket } from 'node:net';
import { MOVED } from '../../http/server/served.ts';
import type { NativeClient } from '../../listeners/native.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import type { Arrival } from '../balancing/handoffs.ts';
import { handleOf, makeIdle } from '../node-internals/index.ts';
import type { Servers } from '../listening/servers.ts';
import type { SlotHandle } from '../listening/slot-handle.ts';

/**
 * Gives a connection that came over the channel to the server that it is for, whose application sees a `connection`. A
 * connection that has been served before was admitted then, so it does not count as accepted. It is between two requests, and
 * the times for that run from now. One that comes back is not closed by a limit that its server has reached meanwhile.
 *
 * Owns nothing: from here on the connection is the server's.
 */
export function deliverTo(servers: Servers): (client: NativeClient, handle: SlotHandle, arrival: Arrival) => void {
  return (client, handle, arrival) => {
    if (arrival === 'accepted') return handle.serve(client);
    Object.defineProperty(client, MOVED, { value: monotonic(), configurable: true });
    const server = servers.byHandle(handle);
    const limit = server?.maxConnections;
    // A connection that comes back had its place before it was to leave, which may be another's by now. One that comes from
    // another worker is refused before it gets here where there is no place (see `Servers.taker`).
    const isLifted = server !== undefined && limit !== undefined && arrival === 'returned';
    if (isLifted) delete (server as { maxConnections?: number }).maxConnections;
    handle.resume(client);
    if (isLifted) server.maxConnections = limit;
    makeIdle(client);
  };
}

/** When a connection that was served before came here, monotonic, ms. Undefined for one that was accepted here and has stayed. */
export function arrivedAt(socket: Socket): number | undefined {
  const handle = handleOf(socket) as { readonly [MOVED]?: number } | undefined;
  return handle?.[MOVED];
}
