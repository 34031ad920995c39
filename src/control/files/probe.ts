import { connect, type Socket } from 'node:net';
import { livenessOf, type Liveness } from '../../sockets/liveness.ts';
import type { Owner } from './directories.ts';
import { withRightsOf } from './identity.ts';

/** @param owner whose the socket's directory is, when it is another user's. libuv calls connect(2) within this call. */
export function connectTo(path: string, owner: Owner | undefined): Socket {
  return withRightsOf(owner, () => connect(path));
}

/** Whether a server listens on the socket of a file: see `livenessOf`. */
export function probe(path: string, owner?: Owner): Promise<Liveness> {
  return livenessOf(connectTo(path, owner));
}
