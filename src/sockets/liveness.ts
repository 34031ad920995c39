import type { Socket } from 'node:net';

/** What the file of a Unix socket leads to: a server, one that died without removing it, or nothing any more. */
export type Liveness = 'live' | 'dead' | 'gone';

const meanings: Readonly<Record<string, Liveness>> = { ECONNREFUSED: 'dead', ENOENT: 'gone' };

/**
 * Waits for a connection that is being made, says nothing over it, and ends it. In doubt the answer is that a server is there:
 * EACCES, and EAGAIN, which means a full queue.
 *
 * @param socket the one that `connect` of node:net has just returned.
 */
export function livenessOf(socket: Socket): Promise<Liveness> {
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.destroy();
      resolve('live');
    });
    socket.once('error', ({ code = '' }: NodeJS.ErrnoException) => resolve(meanings[code] ?? 'live'));
  });
}
