import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What the types of Node do not have, in every version since 18. */
interface Internal {
  /** Of a TLS socket, the one below. */
  readonly _parent?: Duplex | null;
  /** Of TCP alone it has this. */
  readonly _handle?: { readonly reset?: unknown } | null;
  /** `destroy` closes with a reset. */
  resetAndClosing?: boolean;
}

/**
 * Destroys a socket so that its peer cannot take what it has got for the whole: by a reset, which TCP alone has. A Unix
 * socket closes, and of TLS the layer below is reset.
 *
 * Not by `resetAndDestroy`, which first sends all that waits, and a FIN.
 */
export function reset(socket: Duplex): void {
  const lowest = (socket as Internal)._parent ?? socket;
  const internal = lowest as Internal;
  if (lowest instanceof Socket && typeof internal._handle?.reset === 'function') {
    internal.resetAndClosing = true;
    lowest.destroy();
  }
  socket.destroy();
}
