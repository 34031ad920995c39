/**
 * The native handles that come out of a channel. Their classes are Node's own (`TCP`, `Pipe`, `UDP`), and no public
 * module exports them. So this module recognises them by name.
 */

/** A handle that came with a message. The receiver is its only owner. */
export interface ReceivedHandle {
  /** Only TCP has this. The result is ENOTCONN for a socket that listens, and for one that was reset. */
  getpeername?(out: object): number;
  close(callback?: () => void): void;
}

/** Tells whether the handle may be a client's connection, which is a connected stream. A `Pipe` does not tell more. */
export function isConnection(handle: ReceivedHandle): boolean {
  switch (handle.constructor.name) {
    case 'TCP':
      return handle.getpeername?.({}) === 0;
    case 'Pipe':
      return true;
    default:
      return false;
  }
}
