import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { authenticatesConnection, pin } from '../../http/server/served.ts';

/** How many characters the field has that is looked for: the length tells most other fields apart. */
const LENGTH = 'authorization'.length;

/**
 * Pins a connection when one of its requests says, for all requests to come, who its client is: the application may remember
 * that by the socket. This reads `rawHeaders`, since Node makes `headers` only when they are asked for. It costs a request 5 to
 * 8 ns with one field, and 16 to 21 ns with eight.
 */
export function pinAuthenticated({ rawHeaders }: IncomingMessage, socket: Socket): void {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (name.length !== LENGTH || name.toLowerCase() !== 'authorization') continue;
    if (authenticatesConnection(rawHeaders[at + 1]!)) pin(socket);
  }
}
