import type { Socket } from 'node:net';
import { MOVED } from '../../http/server/served.ts';
import type { NativeClient } from '../../listeners/native.ts';
import { monotonic } from '../../scoreboard/clock.ts';
import type { Arrival } from '../balancing/handoffs.ts';
import { handleOf, settleIn } from '../node-internals/index.ts';
import type { Servers } from '../listening/servers.ts';
import type { SlotHandle } from '../listening/slot-handle.ts';

/**
 * Gives a connection that came over the channel to the server that it is for, whose application sees a `connection`. One that has
 * been served before was admitted then: it counts as no accepted one; limits that a server here has reached do not close it; and it is
 * between two requests, so that the times for that run from now.
 *
 * Owns nothing: from here on the connection is the server's.
 */
export function deliverTo(servers: Servers): (client: NativeClient, handle: SlotHandle, arrival: Arrival) => void {
  return (client, handle, arrival) => {
    if (arrival === 'accepted') return handle.serve(client);
    Object.defineProperty(client, MOVED, { value: monotonic(), configurable: true });
    const server = servers.byHandle(handle);
    const limit = server?.maxConnections;
    // It had its place before it was to leave, which may be another's by now. One that comes is not taken where there is none.
    const isLifted = server !== undefined && limit !== undefined && arrival === 'returned';
    if (isLifted) delete (server as { maxConnections?: number }).maxConnections;
    handle.resume(client);
    if (isLifted) server.maxConnections = limit;
    settleIn(client);
  };
}

/** When the connection came here that was served before, monotonic, ms; undefined for one that was accepted here, and has stayed. */
export function arrivedAt(socket: Socket): number | undefined {
  const handle = handleOf(socket) as { readonly [MOVED]?: number } | undefined;
  return handle?.[MOVED];
}
