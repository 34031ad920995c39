import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** A TLS socket has the one below in this, in every Node since 0.12. */
type Layered = Duplex & { readonly _parent?: Duplex | null };

/**
 * Destroys a socket so that its peer cannot take what it has got for the whole: by a reset, which TCP alone has. A Unix
 * socket closes, and of TLS the layer below is reset.
 */
export function reset(socket: Duplex): void {
  const lowest = (socket as Layered)._parent ?? socket;
  if (lowest instanceof Socket && !lowest.destroyed) {
    try {
      lowest.resetAndDestroy();
    } catch {
      // Its handle is no TCP: there is no reset.
      lowest.destroy();
    }
  }
  socket.destroy();
}
