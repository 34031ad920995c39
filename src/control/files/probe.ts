import { connect, type Socket } from 'node:net';
import { livenessOf, type Liveness } from '../../sockets/liveness.ts';
import type { Owner } from './directories.ts';
import { withRightsOf } from './identity.ts';

/**
 * Connects to a socket. libuv calls connect(2) within this call, so the rights are those of the owner.
 *
 * @param owner the owner of the socket's directory, when it is another user.
 */
export function connectTo(path: string, owner: Owner | undefined): Socket {
  return withRightsOf(owner, () => connect(path));
}

/** Tells whether a server listens on the socket of a file: see `livenessOf`. */
export function probe(path: string, owner?: Owner): Promise<Liveness> {
  return livenessOf(connectTo(path, owner));
}
