import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { authenticatesConnection, pin } from '../../http/server/served.ts';

/** The fields that are looked for. Their lengths tell most other fields apart. */
const FIELD = 'authorization';
const OF_PROXY = 'proxy-authorization';

/**
 * Pins a connection when one of its requests says, for all requests to come, who its client is: the application may remember
 * that by the socket. This reads `rawHeaders`, since Node makes `headers` only when they are asked for. It costs a request 5 to
 * 8 ns with one field, and 16 to 21 ns with eight.
 */
export function pinAuthenticated({ rawHeaders }: IncomingMessage, socket: Socket): void {
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!;
    if (isCredentials(name) && authenticatesConnection(rawHeaders[at + 1]!)) pin(socket);
  }
}

function isCredentials(name: string): boolean {
  if (name.length === FIELD.length) return name.toLowerCase() === FIELD;
  return name.length === OF_PROXY.length && name.toLowerCase() === OF_PROXY;
}
