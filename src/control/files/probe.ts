import { connect, type Socket } from 'node:net';
import type { Owner } from './directories.ts';
import { withRightsOf } from './identity.ts';
import { systemCode } from './system-code.ts';

/** What a socket file leads to: a server, one that died without removing it, or nothing any more. */
export type Liveness = 'live' | 'dead' | 'gone';

const meanings: Readonly<Record<string, Liveness>> = { ECONNREFUSED: 'dead', ENOENT: 'gone' };

/** @param owner whose the socket's directory is, when it is another user's. libuv calls connect(2) within this call. */
export function connectTo(path: string, owner: Owner | undefined): Socket {
  return withRightsOf(owner, () => connect(path));
}

/** Connects, and says nothing. In doubt (EACCES; EAGAIN, a queue that is full) somebody is there. */
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
