/**
 * The native handles that come out of a channel. Their classes are Node's own (`TCP`, `Pipe`, `UDP`), which no public module
 * exports: they are told by their names.
 */

/** What came with a message. The receiver is its only owner. */
export interface ReceivedHandle {
  /** TCP only. ENOTCONN for a socket that listens, and for one that was reset. */
  getpeername?(out: object): number;
  close(callback?: () => void): void;
}

/** Whether it may be a client's connection: a stream that is connected. Of a `Pipe` no more can be asked. */
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
