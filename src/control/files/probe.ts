import { connect, Socket } from 'node:net';
import { livenessOf, type Liveness } from '../../sockets/liveness.ts';
import type { Owner } from './directories.ts';
import { hold, type Held } from '../../files/hold.ts';
import { withRightsOf } from './identity.ts';

/**
 * Connects to a socket. libuv calls connect(2) within this call, so the rights are those of the owner. In another user's directory only a
 * socket counts, and no link to one: what leads elsewhere may lead to where a program waits for ever.
 *
 * @param owner the owner of the socket's directory, when it is another user.
 * @param mounts see `hold`.
 * @returns the socket, also of a connection that cannot be made: then its event is 'error'.
 */
export function connectTo(path: string, owner: Owner | undefined, mounts?: ReadonlySet<string>): Socket {
  if (owner === undefined) return connect(path);
  const connectHeld = ({ path: held, stats }: Held): Socket | undefined =>
    stats.isSocket() ? withRightsOf(owner, () => connect(held)) : undefined;
  try {
    return (
      hold(path, connectHeld, mounts) ??
      unconnected(Object.assign(new Error(`connect ENOENT ${path}`), { code: 'ENOENT' }))
    );
  } catch (error) {
    return unconnected(error as Error);
  }
}

function unconnected(error: Error): Socket {
  return new Socket().destroy(error);
}

/** Tells whether a server listens on the socket of a file: see `livenessOf`. */
export function probe(path: string, owner?: Owner, mounts?: ReadonlySet<string>): Promise<Liveness> {
  return livenessOf(connectTo(path, owner, mounts));
}
