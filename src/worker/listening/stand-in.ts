import { Server, type AddressInfo } from 'node:net';
import { listeningHandleOf, replaceListeningHandle, showsHandle } from '../node-internals/index.ts';
import { KeepAlive } from './keep-alive.ts';

/**
 * What a server has as its listening handle when it accepts nothing any more. The application's shutdown code closes it as
 * ever. Until then it keeps the process alive, as a socket that listens does.
 */
class StandIn extends KeepAlive {
  readonly fd = -1;
  onconnection: unknown;
  /** Without this method `server.address()` answers with the path, as it must for a Unix socket. */
  getsockname?: (out: object) => number;

  constructor(name: AddressInfo | undefined) {
    super();
    if (name !== undefined) this.getsockname = (out) => (Object.assign(out, name), 0);
  }

  /** Succeeds, so that the server says that it listens. */
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

/** Closes the handle of a server that listens, and leaves a stand-in. The handle is Node's own. */
export function standIn(server: Server): void {
  // Where handles cannot be replaced, the server itself is closed: clients are refused, and not left to wait. The application's
  // own `close` fails later.
  if (!showsHandle(server)) return void (server.listening && Server.prototype.close.call(server));
  const handle = listeningHandleOf(server) as { close(): void } | undefined;
  if (handle === undefined) return;
  const name = server.address();
  handle.close();
  replaceListeningHandle(server, standInFor(typeof name === 'string' || name === null ? undefined : name));
}
