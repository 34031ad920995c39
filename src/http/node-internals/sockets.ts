import { readSync } from 'node:fs';
import { Socket, type Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { isThere } from './parts.ts';
import type { WritableHandle } from './short-cut.ts';

/** The `TCP` or `Pipe` of a connection that was just accepted. Nothing is read from it. */
export type AcceptedHandle = WritableHandle & {
  setNoDelay?(on: boolean): void;
  /** The descriptor: -1 on Windows, or when it is closed. Without it less is read of what the kernel has: see {@link readNow}. */
  readonly fd?: number;
};

type OnConnection = (status: number, client: AcceptedHandle) => void;

interface PrivateServer extends Server {
  _connections?: number;
  _handle?: { onconnection: OnConnection } | null;
}

interface PrivateSocket extends Socket {
  server?: Server;
  _server?: Server | null;
  /** The socket below a TLS socket; null for any other. */
  readonly _parent?: Duplex | null;
  /** TCP alone has `reset`. */
  readonly _handle?: {
    readonly reset?: unknown;
    /** A Unix socket has none. */
    readonly getpeername?: unknown;
    readonly bytesWritten?: number;
    readonly writeQueueSize?: number;
  } | null;
  /** `destroy` closes with a reset. */
  resetAndClosing?: boolean;
}

/**
 * Has `accept` take the connections of a server that has just begun to listen, in place of Node.js, which would make a
 * socket that is read through a stream. The server's limit of connections holds. Does nothing where a part is missing:
 * the server then emits `connection` as ever.
 */
export function interceptAccepting(server: Server, accept: (client: AcceptedHandle) => void): void {
  const shown = server as PrivateServer;
  const handle = shown._handle;
  const canAccept =
    isThere('Server._handle', handle !== undefined) &&
    isThere('Server._connections', shown._connections !== undefined) &&
    isThere('Socket._server', (new Socket() as PrivateSocket)._server !== undefined);
  if (!canAccept || !handle) return;
  const original = handle.onconnection.bind(handle);
  handle.onconnection = (status, client) => {
    const isFull = server.maxConnections > 0 && shown._connections! >= server.maxConnections;
    if (status !== 0 || isFull) original(status, client);
    else accept(client);
  };
}

/** Counts the socket among the server's connections, for which its `close` waits. */
export function own(server: Server, socket: Socket): void {
  (server as PrivateServer)._connections!++;
  const connected = socket as PrivateSocket;
  connected.server = connected._server = server;
}

/**
 * The way in which a socket is read into one buffer: `callback` gets the bytes of each read, and returns false to stop.
 */
export interface OnRead {
  readonly buffer: Uint8Array;
  readonly callback: (length: number, bytes: Uint8Array) => boolean;
}

/** Returns a socket over a handle. It can be written to at once, and reads when it is told to. */
export function socketOver(handle: AcceptedHandle, onread: OnRead): Socket {
  return new Socket({ handle, allowHalfOpen: true, onread } as unknown as ConstructorParameters<typeof Socket>[0]);
}

/** Stops reading, as when the callback of {@link socketOver} returns false. */
export function stopReading(handle: AcceptedHandle): void {
  const readable = handle as unknown as { reading: boolean; readStop(): void };
  readable.reading = false;
  readable.readStop();
}

/**
 * Reads what the kernel has of a connection. libuv's descriptors never block, so this does not wait.
 *
 * @returns the number of bytes: 0 when nothing is there, the client has sent its end, or the descriptor is not known
 */
export function readNow({ fd = -1 }: AcceptedHandle, bytes: Buffer): number {
  if (fd < 0) return 0;
  try {
    return readSync(fd, bytes);
  } catch {
    // EAGAIN: there is nothing. A connection that is broken is broken for libuv too.
    return 0;
  }
}

/** Whether the connection is one of a Unix socket. A connection by TCP that was reset has no address either. */
export function isOfUnixSocket(socket: Duplex): boolean {
  const lowest = ((socket as PrivateSocket)._parent ?? socket) as PrivateSocket;
  if (!(lowest instanceof Socket)) return false;
  isThere('Socket._handle', lowest._handle !== undefined);
  return lowest._handle !== undefined && lowest._handle !== null && lowest._handle.getpeername === undefined;
}

/**
 * Returns the number of bytes that the kernel has taken; undefined where it is not known. `bytesWritten` counts what
 * waits in the stream as well.
 */
export function bytesTaken(socket: Socket): number | undefined {
  const { _handle: handle } = socket as PrivateSocket;
  if (socket instanceof Socket) isThere('Socket._handle', handle !== undefined);
  const { bytesWritten, writeQueueSize } = handle ?? {};
  return bytesWritten === undefined || writeQueueSize === undefined ? undefined : bytesWritten - writeQueueSize;
}

/**
 * Destroys a socket so that its peer cannot take what it has got for the whole. It ends by a reset, which TCP alone
 * has. A Unix socket closes, and the layer below a TLS socket is reset.
 *
 * `resetAndDestroy` would not do: it first sends all that waits, and a FIN.
 */
export function reset(socket: Duplex): void {
  if (socket instanceof Socket) resetBelow(socket);
  socket.destroy();
}

function resetBelow(socket: PrivateSocket): void {
  isThere('Socket._parent', socket._parent !== undefined);
  const lowest = (socket._parent ?? socket) as PrivateSocket;
  if (!(lowest instanceof Socket) || lowest.destroyed) return;
  if (!isThere('Socket._handle', lowest._handle !== undefined)) return void lowest.resetAndDestroy();
  if (typeof lowest._handle?.reset !== 'function') return;
  lowest.resetAndClosing = true;
  lowest.destroy();
}
