import type { Server } from 'node:net';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { KeepAlive } from './keep-alive.ts';
import type { Requests } from './requests.ts';
import type { Servers } from './servers.ts';

/** How often the count of open connections is looked at while draining. */
const POLL = 25;

/** Turns of the event loop in which a queue is given the chance to be accepted, at most. */
const MOST_TURNS = 1000;

/** The same, where what was accepted is not counted. */
const UNCOUNTED_TURNS = 10;

type HttpServer = Server & { closeIdleConnections(): void };

/**
 * Lets the worker finish: nothing new is accepted, every response says `Connection: close`, and idle connections may
 * stay for `idle` ms, because closing them at once meets the request that a client is just sending.
 *
 * @returns when no connection of the application's servers is open any more. Its servers still believe that they
 * listen, and its own shutdown code closes them as ever.
 */
export async function drain(servers: Servers, requests: Requests, idle: number): Promise<void> {
  requests.drain();
  await Promise.all([...servers].map(({ server, handle }) => stopAccepting(server, handle, servers)));
  const idleEnds = performance.now() + idle;
  while (servers.open() > 0 || requests.inFlight > 0) {
    if (performance.now() >= idleEnds) closeIdle(servers);
    await delay(POLL);
  }
}

async function stopAccepting(server: Server, handle: { detach(): void } | undefined, servers: Servers): Promise<void> {
  if (handle === undefined) {
    // Its connections are not counted by us: a few turns have to do.
    for (let turn = 0; turn < UNCOUNTED_TURNS; turn++) await nextTurn();
    standIn(server);
    return;
  }
  await untilQueueIsEmpty(servers);
  handle.detach();
}

/**
 * A closed socket resets the connections that the kernel has queued in it. libuv accepts one per turn of its loop, so a
 * turn without any means that the queue was empty.
 */
async function untilQueueIsEmpty(servers: Servers): Promise<void> {
  for (let turn = 0; turn < MOST_TURNS; turn++) {
    const before = servers.accepted();
    await nextTurn();
    await nextTurn();
    if (servers.accepted() === before) return;
  }
}

/** Where the handle is Node's own it is closed, and a stand-in lets the application's shutdown code work later. */
function standIn(server: Server): void {
  const internal = server as unknown as { _handle: object | null };
  const handle = internal._handle as { close(): void } | null;
  if (handle === null) return;
  const name = server.address();
  handle.close();
  const getsockname = (out: object): number => (Object.assign(out, name), 0);
  // Without a name of its own, `address()` answers with the path of a Unix socket.
  internal._handle = Object.assign(new KeepAlive(), { fd: -1, ...(typeof name !== 'string' && { getsockname }) });
}

function closeIdle(servers: Servers): void {
  for (const { server } of servers) {
    if ('closeIdleConnections' in server) (server as HttpServer).closeIdleConnections();
  }
}
