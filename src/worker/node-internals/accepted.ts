import type { Socket } from 'node:net';
import { Filled } from '../../contract/filled.ts';
import type { Peer } from '../../contract/peer.ts';
import { FIRST_BYTES } from '../../http/server/served.ts';
import type { NativeClient } from '../../listeners/native.ts';
import type { ConnectionHandle } from './connection-handle.ts';
import { isThere, symbolOf } from './parts.ts';

/** A connection that has no socket yet. */
interface AcceptedHandle extends ConnectionHandle {
  /** The bytes are undefined at the end of the connection, and after an error. */
  onread?: (bytes: ArrayBuffer | undefined) => void;
  getpeername?(out: Partial<Peer>): number;
}

/** The client of a connection that a proxy passes on. The handle has it under this key. */
const PEER: unique symbol = Symbol('prefork.peer');

/**
 * Reads a connection that was accepted and has no socket yet.
 *
 * @param onBytes hears of all bytes, and of the end as undefined
 * @returns a function that stops reading, or undefined where this Node.js does not let a handle be read
 */
export function readAccepted(
  client: NativeClient,
  onBytes: (bytes: Uint8Array | undefined) => void,
): (() => void) | undefined {
  const handle = client as AcceptedHandle;
  if (typeof handle.readStart !== 'function') return undefined;
  const filled = new Filled(handle);
  handle.onread = (bytes) => onBytes(bytes === undefined ? undefined : filled.of(bytes));
  handle.readStart();
  return () => {
    handle.readStop();
    // The next owner of the handle sets another one. Node takes nothing but a function.
    handle.onread = ignore;
  };
}

/** The client of the connection by the word of its proxy. Undefined where the far end is the client. */
export function peerOf(client: object): Peer | undefined {
  return (client as { readonly [PEER]?: Peer })[PEER];
}

/**
 * Gives the connection the address of its client. Sockets of every kind ask the handle: `net.Socket`, and TLS above it.
 */
export function setPeer(client: NativeClient, peer: Peer): void {
  define(client, PEER, peer);
  define(client, 'getpeername', (out: Partial<Peer>) => {
    Object.assign(out, peer);
    return 0;
  });
}

/**
 * Has the socket that is made of the connection get these bytes first, as if they had not been read.
 *
 * @param uncounted how many bytes were read before them, and do not count; negative for as many that count, and were read elsewhere
 */
export function putBack(client: NativeClient, bytes: Uint8Array, uncounted: number): void {
  const handle = client as AcceptedHandle;
  uncount(handle, uncounted);
  if (bytes.length === 0) return;
  define(handle, FIRST_BYTES, Buffer.from(bytes));
  // A socket begins to read when it is made, or later where the application wants it paused.
  define(handle, 'readStart', (): unknown => {
    delete (handle as Partial<AcceptedHandle>).readStart;
    const first = firstBytesOf(handle);
    if (first === undefined) return handle.readStart();
    Reflect.deleteProperty(handle, FIRST_BYTES);
    const socket = ownerOf(handle);
    if (socket === undefined) return handle.close();
    socket.push(first);
    return handle.readStart();
  });
}

/** The bytes that the connection's socket is still to get. */
export function firstBytesOf(client: object): Buffer | undefined {
  return (client as { readonly [FIRST_BYTES]?: Buffer })[FIRST_BYTES];
}

/** The header of a proxy is no part of what the client has sent. */
function uncount(handle: AcceptedHandle, bytes: number): void {
  const property = propertyOf(handle, 'bytesRead');
  if (property?.get === undefined || bytes === 0) return;
  const get = (): number => (property.get!.call(handle) as number) - bytes;
  Object.defineProperty(handle, 'bytesRead', { configurable: true, get });
}

function propertyOf(object: object, name: string): PropertyDescriptor | undefined {
  for (let holder: object | null = object; holder !== null; holder = Object.getPrototypeOf(holder) as object | null) {
    const property = Object.getOwnPropertyDescriptor(holder, name);
    if (property !== undefined) return property;
  }
  return undefined;
}

function ownerOf(handle: AcceptedHandle): Socket | undefined {
  const symbol = symbolOf(handle, 'owner_symbol');
  if (!isThere('TCP.owner_symbol', symbol !== undefined)) return undefined;
  return (handle as unknown as Record<symbol, Socket | undefined>)[symbol!];
}

function define(handle: object, name: string | symbol, value: unknown): void {
  Object.defineProperty(handle, name, { value, configurable: true, writable: true });
}

function ignore(): void {}
