import { connect } from 'node:net';
import { systemCode } from './system-code.ts';

/** What a socket file leads to: a server, one that died without removing it, or nothing any more. */
export type Liveness = 'live' | 'dead' | 'gone';

const meanings: Readonly<Record<string, Liveness>> = { ECONNREFUSED: 'dead', ENOENT: 'gone' };

/** Connects, and says nothing. In doubt (EACCES; EAGAIN, a queue that is full) somebody is there. */
export function probe(path: string): Promise<Liveness> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve('live');
    });
    socket.once('error', (error) => resolve(meanings[systemCode(error)] ?? 'live'));
  });
}
