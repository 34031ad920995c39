import type { AddressInfo, Server } from 'node:net';
import { KeepAlive } from './keep-alive.ts';

/**
 * What a server has as its listening handle when it accepts nothing any more: the application's shutdown code closes it as
 * ever, and until then it keeps the process alive as a socket that listens does.
 */
class StandIn extends KeepAlive {
  readonly fd = -1;
  onconnection: unknown;
  /** Without it, `server.address()` answers with the path, as it must for a Unix socket. */
  getsockname?: (out: object) => number;

  constructor(name: AddressInfo | undefined) {
    super();
    if (name !== undefined) this.getsockname = (out) => (Object.assign(out, name), 0);
  }

  /** The server says that it listens. */
  listen(): number {
    return 0;
  }

  override close(callback?: () => void): void {
    super.close();
    if (callback !== undefined) setImmediate(callback);
  }
}

/** @param name undefined for a Unix socket. */
export function standInFor(name: AddressInfo | undefined): object {
  return new StandIn(name);
}

/** Closes the handle of a server that listens, where that is Node's own, and leaves a stand-in. */
export function standIn(server: Server): void {
  const internal = server as unknown as { _handle: object | null };
  const handle = internal._handle as { close(): void } | null;
  if (handle === null) return;
  const name = server.address();
  handle.close();
  internal._handle = standInFor(typeof name === 'string' || name === null ? undefined : name);
}
