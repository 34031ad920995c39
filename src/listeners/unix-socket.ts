import { linkSync, lstatSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { relative } from 'node:path';
import { constants } from 'node:os';
import { livenessOf } from '../sockets/liveness.ts';
import { bindPipe, openPermissions, type NativeHandle } from './native.ts';
import { socketFileAt, type SocketFile } from './socket-file.ts';
import { systemCode } from '../contract/system-code.ts';

const EADDRINUSE = -constants.errno.EADDRINUSE;

export interface BoundUnixSocket {
  readonly socket: NativeHandle;
  /** Undefined for a name in the abstract namespace. */
  readonly file: SocketFile | undefined;
}

/** The access to the socket: a process that may write to the file may connect. */
export interface UnixSocketAccess {
  /** The options of `net.Server#listen`, for users other than the owner. */
  readonly readableAll?: boolean;
  readonly writableAll?: boolean;
}

/**
 * Binds a Unix socket. A socket file on which no process listens, left by a server that was killed, is replaced. A file
 * that answers, and any file that is not a socket, stays and causes EADDRINUSE.
 *
 * The socket is bound under another name first. libuv removes the file that it bound when the handle closes, and a
 * primary that another one succeeds closes its handle of a socket that lives on.
 *
 * @returns the errno of a failure.
 */
export async function bindUnixSocket(
  path: string,
  { readableAll = false, writableAll = false }: UnixSocketAccess = {},
): Promise<BoundUnixSocket | number> {
  const isAbstract = path.startsWith('\0');
  const temporary = isAbstract ? path : `${path.slice(0, path.lastIndexOf('/') + 1)}.${process.pid}`;
  const socket = await bindTemporary(temporary);
  if (typeof socket === 'number') return socket;
  if (isAbstract) return { socket, file: undefined };
  // The permissions change now, because libuv uses the name that it bound, and no other process has seen the file yet.
  const errno = openPermissions(socket, readableAll, writableAll);
  if (errno !== 0) {
    socket.close();
    return errno;
  }
  try {
    await moveInto(temporary, path);
  } catch (error) {
    // Closing also removes the file under its first name.
    socket.close();
    return (error as NodeJS.ErrnoException).errno ?? EADDRINUSE;
  }
  return { socket, file: socketFileAt(path) };
}

/**
 * Binds the temporary name. A primary with the same pid, which a container gives it every time, may have been killed
 * before it moved its file.
 */
async function bindTemporary(path: string): Promise<NativeHandle | number> {
  const bound = bindPipe(shortest(path));
  if (bound !== EADDRINUSE || path.startsWith('\0') || !(await isDeadSocket(path))) return bound;
  rmSync(path, { force: true });
  return bindPipe(shortest(path));
}

/**
 * Moves the file to its path.
 *
 * @throws Error EEXIST when a process serves there; another error where the file system has one.
 */
async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    // A link, unlike a rename, takes nothing from another server that is faster.
    linkSync(temporary, path);
    unlinkSync(temporary);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && !(await isDeadSocket(path))) throw Object.assign(error as Error, { errno: EADDRINUSE });
    // The rename replaces a file that no process serves. It is also for file systems that have no links.
    renameSync(temporary, path);
  }
}

/** Shortens a path. sun_path holds 108 bytes (unix(7)), and a relative path may fit where the absolute one does not. */
function shortest(path: string): string {
  if (path.startsWith('\0')) return path;
  const short = relative(process.cwd(), path);
  return short !== '' && short.length < path.length ? short : path;
}

async function isDeadSocket(path: string): Promise<boolean> {
  try {
    if (!lstatSync(path).isSocket()) return false;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
  return (await livenessOf(connect(shortest(path)))) === 'dead';
}
