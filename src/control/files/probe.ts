import { connect, type Socket } from 'node:net';
import type { Owner } from './directories.ts';
import { withRightsOf } from './identity.ts';
import { systemCode } from './system-code.ts';

/**
 * What a socket file leads to: a live server, a dead one that left the file behind, or nothing because the file is
 * gone.
 */
export type Liveness = 'live' | 'dead' | 'gone';

const meanings: Readonly<Record<string, Liveness>> = { ECONNREFUSED: 'dead', ENOENT: 'gone' };

/**
 * Connects to a socket. libuv calls connect(2) within this call, so the rights are those of the owner.
 *
 * @param owner the owner of the socket's directory, when it is another user.
 */
export function connectTo(path: string, owner: Owner | undefined): Socket {
  return withRightsOf(owner, () => connect(path));
}

/** Connects without sending anything. In doubt the socket counts as live: EACCES, or EAGAIN for a full queue. */
export function probe(path: string, owner?: Owner): Promise<Liveness> {
  return new Promise((resolve) => {
    const socket = connectTo(path, owner);
    socket.once('connect', () => {
      socket.destroy();
      resolve('live');
    });
    socket.once('error', (error) => resolve(meanings[systemCode(error)] ?? 'live'));
  });
}
