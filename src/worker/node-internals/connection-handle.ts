import { Socket, type Server } from 'node:net';
import type { NativeClient } from '../../listeners/native.ts';
import { isThere } from './parts.ts';

/** The `TCP` or `Pipe` handle of a connection, or that of TLS, with what JavaScript has put there. */
export interface ConnectionHandle extends NativeClient {
  /** The descriptor: -1 on Windows, or when it is closed. Absent for TLS. */
  readonly fd?: number;
  /** Bytes that the kernel has not taken yet. */
  readonly writeQueueSize?: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  getsockname?(name: object): number;
  /** Whether net.Socket has begun to read: it never asks the handle. */
  reading?: boolean;
  /** A parser reads the handle, and no stream does. */
  _consumed?: boolean;
  readStart(): void;
  readStop(): number;
}

/** What a handle answers that has nothing left to send: the shutdown is over, and no callback comes later. */
const SHUT_DOWN = 1;

interface PrivateSocket extends Socket {
  _handle?: ConnectionHandle | null;
  readonly _server?: Server | null;
  /** The socket below a TLS socket; null for any other socket. */
  readonly _parent?: Socket | null;
}

/** Undefined where the socket is closed, or is a stream of another kind. */
export function handleOf(socket: object): ConnectionHandle | undefined {
  const { _handle: handle } = socket as Partial<PrivateSocket>;
  if (socket instanceof Socket) isThere('Socket._handle', handle !== undefined);
  return handle ?? undefined;
}

/** Undefined where net.Socket does not want to read: it is closed, or the application has enough. */
export function handleThatReads(socket: Socket): ConnectionHandle | undefined {
  const handle = handleOf(socket);
  return handle?.reading === true ? handle : undefined;
}

/** The server that has accepted the connection, and counts it. Undefined where none has. */
export function acceptingServerOf(socket: Socket): Server | undefined {
  const { _server: server } = socket as PrivateSocket;
  isThere('Socket._server', server !== undefined);
  return server ?? undefined;
}

/** How many bytes a connection has received. They are counted below TLS, where the first half of a record counts too. */
export function bytesReceived(socket: Socket): number {
  const { _parent: below } = socket as PrivateSocket;
  isThere('Socket._parent', below !== undefined);
  return (below ?? socket).bytesRead;
}

/** Whether the connection is as the kernel has it: nothing stands between that has a state, as TLS has. */
export function isNative(handle: ConnectionHandle): boolean {
  const { name } = handle.constructor;
  return (name === 'TCP' || name === 'Pipe') && typeof handle.readStop === 'function';
}

/** Whether the connection can be taken out of its socket, and the kernel has all that was written. */
export function isHandleAtRest(socket: Socket): boolean {
  const handle = handleThatReads(socket);
  return handle !== undefined && isNative(handle) && handle.writeQueueSize === 0;
}

/** Whether the kernel has all that was written to the connection, which is still open to both sides and can be taken out of its socket. */
export function isAllWritten(socket: Socket): boolean {
  const handle = handleOf(socket);
  if (handle === undefined || !isNative(handle) || !socket.readable || !socket.writable) return false;
  return socket.writableLength === 0 && handle.writeQueueSize === 0;
}

/**
 * Takes the handle out of its socket. The socket is left what it needs to close without an error, and the client notices nothing.
 *
 * @param handle is the socket's, and nothing reads it any more
 * @param closeSocket closes the socket, in the way in which the application is to see it
 */
export function detachHandle(socket: Socket, handle: ConnectionHandle, closeSocket: () => void): void {
  // A log of the application may ask for the address a moment after the answer. Node remembers it once it has been asked for.
  void socket.remoteAddress;
  const { bytesRead, bytesWritten } = handle;
  const remains = {
    bytesRead,
    bytesWritten,
    reading: false,
    readStart: () => 0,
    readStop: () => 0,
    getsockname: handle.getsockname?.bind(handle),
    shutdown: () => SHUT_DOWN,
    close: (closed: () => void) => process.nextTick(closed),
  };
  (socket as PrivateSocket)._handle = remains as unknown as ConnectionHandle;
  closeSocket();
}
