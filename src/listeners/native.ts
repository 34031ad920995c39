/**
 * The door to Node's listening handles, for the primary, the binder and the workers. The other doors to private parts of Node are
 * src/worker/node-internals, src/http/node-internals and src/ipc/node-channel.ts. No public function binds a socket without listening on it and lets
 * the result be sent to another process. So this module uses what node:cluster itself is built on:
 * `net._createServerHandle`, which has existed since Node 0.8 and is the same in 20 to 26. Every use is
 * feature-detected. Where the function is missing, `auto` falls back to node:cluster's own scheduling.
 */
import net from 'node:net';
import { constants } from 'node:os';

/** libuv's UV_TCP_REUSEPORT (libuv 1.49, Node 22.12). Older ones ignore the bit, see `reuseportWorks`. */
const REUSEPORT = 2;

/** libuv's UV_TCP_IPV6ONLY and UV_UDP_IPV6ONLY. */
const IPV6_ONLY = 1;

/** libuv's UV_UDP_REUSEADDR. */
const UDP_REUSEADDR = 4;

/** libuv's UV_UDP_REUSEPORT (libuv 1.49, Node 22.12). */
const UDP_REUSEPORT = 8;

/** libuv's UV_READABLE and UV_WRITABLE, as `fchmod` of a pipe handle takes them. */
const READABLE = 1;
const WRITABLE = 2;

/**
 * A `TCP` or `Pipe` handle of Node, which is bound and may be listening. Numbers that methods return are errno, 0 for
 * success.
 */
export interface NativeHandle {
  onconnection: ((status: number, client: unknown) => void) | null;
  readonly fd: number;
  listen(backlog: number): number;
  /** Only TCP handles have this. */
  getsockname?(out: { address?: string; family?: string; port?: number }): number;
  /** Only TCP handles have this. The result is ENOTCONN for a socket that listens. */
  getpeername?(out: object): number;
  /** UDP handles do not have this. */
  setBlocking?(isBlocking: boolean): number;
  /** Only pipe handles have this. */
  fchmod?(mode: number): number;
  close(callback?: () => void): void;
  ref(): void;
  unref(): void;
  /** Only UDP handles have these. */
  recvStart?(): number;
  recvStop?(): number;
}

/** The `TCP` or `Pipe` handle of an accepted connection, before it becomes a net.Socket. No data is read from it. */
export interface NativeClient {
  /** Only TCP handles have this. */
  getpeername?(out: { address?: string }): number;
  setBlocking?(isBlocking: boolean): number;
  close(callback?: () => void): void;
}

type CreateServerHandle = (
  address: string | null,
  port: number | null,
  addressType: number | null,
  fd?: number,
  flags?: number,
) => NativeHandle | number;

const createServerHandle = (net as unknown as { _createServerHandle?: CreateServerHandle })._createServerHandle;

/** The result of a bind: the handle and its address, or the errno (negative, as libuv's). */
export type Bound =
  | { readonly handle: NativeHandle; readonly address: string; readonly port: number; readonly family: 4 | 6 }
  | { readonly errno: number };

/** True when this Node can bind a socket in one process and listen on it in another. */
export const canPassHandles: boolean = typeof createServerHandle === 'function' && process.platform !== 'win32';

export interface BindOptions {
  /** The option of SO_REUSEPORT. @default false */
  readonly reuseport?: boolean;
  /** The option of IPV6_V6ONLY. @default false */
  readonly ipv6Only?: boolean;
}

/** Binds a TCP address without listening, so that the kernel queues no connections yet. */
export function bindTcp(
  address: string,
  port: number,
  family: 4 | 6,
  { reuseport = false, ipv6Only = false }: BindOptions = {},
): Bound {
  const flags = (reuseport ? REUSEPORT : 0) | (ipv6Only && family === 6 ? IPV6_ONLY : 0);
  const handle = createServerHandle!(address, port, family, undefined, flags);
  if (typeof handle === 'number') return { errno: handle };
  return nameOf(handle, address, port, family);
}

/** Reads the address that was bound. libuv withholds EADDRINUSE until listen or getsockname. */
function nameOf(handle: NativeHandle, address: string, port: number, family: 4 | 6): Bound {
  const name: { address?: string; port?: number } = {};
  const errno = handle.getsockname!(name);
  if (errno !== 0) {
    handle.close();
    return { errno };
  }
  return { handle, address: name.address ?? address, port: name.port ?? port, family };
}

type CreateDatagramHandle = (
  address: string | null,
  port: number | null,
  type: 'udp4' | 'udp6',
  fd: number | undefined,
  flags: number,
) => NativeHandle | number;

export interface DatagramBindOptions extends BindOptions {
  /** The option of SO_REUSEADDR, by which several programs receive a multicast group. @default false */
  readonly reuseAddress?: boolean;
}

/** Binds a UDP address, as node:cluster's primary does for its workers. The kernel queues datagrams from here on. */
export function bindUdp(
  address: string,
  port: number,
  family: 4 | 6,
  { reuseport = false, reuseAddress = false, ipv6Only = false }: DatagramBindOptions = {},
): Bound {
  const flags =
    (reuseport ? UDP_REUSEPORT : 0) | (reuseAddress ? UDP_REUSEADDR : 0) | (ipv6Only && family === 6 ? IPV6_ONLY : 0);
  const handle = createDatagramHandle(address, port, `udp${family}`, undefined, flags);
  if (typeof handle === 'number') return { errno: handle };
  return nameOf(handle, address, port, family);
}

/** Tells whether the kernel spreads datagrams over several sockets of one address, as `reuseportWorks` does for TCP. */
export function udpReuseportWorks(): boolean {
  const first = bindUdp('127.0.0.1', 0, 4, { reuseport: true });
  if ('errno' in first) return false;
  const second = bindUdp('127.0.0.1', first.port, 4, { reuseport: true });
  first.handle.close();
  if ('errno' in second) return false;
  second.handle.close();
  return true;
}

/** A `UDP` handle of Node before it is bound. */
interface UnboundUdp extends NativeHandle {
  bind(address: string, port: number, flags: number): number;
  bind6(address: string, port: number, flags: number): number;
  open(fd: number): number;
}

/**
 * Creates a UDP handle, as `dgram._createSocketHandle` does for node:cluster's primary. That function prints a warning
 * (DEP0112) up to Node 24 and is gone in Node 26. So the class is taken from the handle of a socket.
 */
const createDatagramHandle: CreateDatagramHandle = (address, port, type, fd, flags) => {
  const Udp = udpClass();
  if (Udp === undefined) return -constants.errno.ENOTSUP;
  const handle = new Udp();
  const errno =
    fd !== undefined ? handle.open(fd) : handle[type === 'udp6' ? 'bind6' : 'bind'](address ?? '', port ?? 0, flags);
  if (errno === 0) return handle;
  handle.close();
  return errno;
};

let knownUdpClass: (new () => UnboundUdp) | undefined;

/** Undefined where a socket does not show its handle any more. */
function udpClass(): (new () => UnboundUdp) | undefined {
  if (knownUdpClass !== undefined) return knownUdpClass;
  const socket = process.getBuiltinModule('node:dgram').createSocket('udp4');
  const symbol = Object.getOwnPropertySymbols(socket).find(({ description }) => description === 'state symbol');
  const state = symbol && (socket as unknown as Record<symbol, { readonly handle?: UnboundUdp } | undefined>)[symbol];
  knownUdpClass = state?.handle?.constructor as (new () => UnboundUdp) | undefined;
  socket.close();
  return knownUdpClass;
}

/**
 * Adopts a UDP socket that this process was started with.
 *
 * @returns an errno for any other descriptor.
 */
export function adoptDatagramFd(fd: number, family: 4 | 6): NativeHandle | number {
  return createDatagramHandle(null, null, `udp${family}`, fd, 0);
}

/** Binds a Unix socket's path (or abstract name) without listening. Closing the handle removes the path. */
export function bindPipe(path: string): NativeHandle | number {
  return createServerHandle!(path, -1, -1);
}

/**
 * Adopts a stream socket that this process was started with. The handle owns it: closing the handle closes it. A Unix
 * socket's path then stays, because the process that bound it removes it.
 *
 * @returns an errno for any other descriptor.
 */
export function adoptFd(fd: number): NativeHandle | number {
  return createServerHandle!(null, null, null, fd);
}

/** The descriptor of a server that listens, for another process to listen on too. Undefined where it is closed, or not known. */
export function descriptorOf(server: net.Server): number | undefined {
  return (server as unknown as { readonly _handle?: { readonly fd?: number } | null })._handle?.fd;
}

/** Opens a Unix socket's permissions, as `readableAll` and `writableAll` of `net.Server#listen` ask. */
export function openPermissions(handle: NativeHandle, readableAll: boolean, writableAll: boolean): number {
  const mode = (readableAll ? READABLE : 0) | (writableAll ? WRITABLE : 0);
  return mode === 0 ? 0 : handle.fchmod!(mode);
}

/**
 * Tells whether the kernel spreads connections over several sockets of one address. The function tries it with a second
 * socket at a port that is listened on. libuv refuses the flag (ENOTSUP) on systems whose SO_REUSEPORT does not
 * balance. A Node older than 22.12 ignores it, and the second bind fails with EADDRINUSE.
 */
export function reuseportWorks(): boolean {
  if (!canPassHandles) return false;
  const first = bindTcp('127.0.0.1', 0, 4, { reuseport: true });
  if ('errno' in first) return false;
  first.handle.listen(1);
  const second = bindTcp('127.0.0.1', first.port, 4, { reuseport: true });
  first.handle.close();
  if ('errno' in second) return false;
  second.handle.close();
  return true;
}
