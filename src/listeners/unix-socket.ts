import { linkSync, lstatSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { relative } from 'node:path';
import { constants } from 'node:os';
import { livenessOf } from '../sockets/liveness.ts';
import { bindPipe, openPermissions, type NativeHandle } from './native.ts';
import { removerOf } from './socket-file.ts';

const EADDRINUSE = -constants.errno.EADDRINUSE;

export interface BoundUnixSocket {
  readonly socket: NativeHandle;
  /** Removes the file, if it is still this socket's. */
  readonly remove: () => void;
}

/** Who may connect: who may write to the file. */
export interface UnixSocketAccess {
  /** As `net.Server#listen` has them: for other users than the owner. */
  readonly readableAll?: boolean;
  readonly writableAll?: boolean;
}

/**
 * Binds a Unix socket. A socket file that nobody listens on, left by a server that was killed, is replaced; one that
 * answers, and any file that is no socket, stays and is EADDRINUSE.
 *
 * It is bound under another name first: libuv removes the file that it bound when the handle closes, and a primary that
 * is succeeded by another one closes its handle of a socket that lives on.
 *
 * @returns the errno of what went wrong.
 */
export async function bindUnixSocket(
  path: string,
  { readableAll = false, writableAll = false }: UnixSocketAccess = {},
): Promise<BoundUnixSocket | number> {
  const isAbstract = path.startsWith('\0');
  const temporary = isAbstract ? path : `${path.slice(0, path.lastIndexOf('/') + 1)}.${process.pid}`;
  const socket = await bindTemporary(temporary);
  if (typeof socket === 'number') return socket;
  if (isAbstract) return { socket, remove: () => {} };
  // Now, for libuv does it by the name that it bound, and nobody has seen the file yet.
  const errno = openPermissions(socket, readableAll, writableAll);
  if (errno !== 0) {
    socket.close();
    return errno;
  }
  try {
    await moveInto(temporary, path);
  } catch (error) {
    // With the file under its first name.
    socket.close();
    return (error as NodeJS.ErrnoException).errno ?? EADDRINUSE;
  }
  return { socket, remove: removerOf(path) };
}

/** A primary with the same pid, as a container gives it every time, may have been killed before it moved its file. */
async function bindTemporary(path: string): Promise<NativeHandle | number> {
  const bound = bindPipe(shortest(path));
  if (bound !== EADDRINUSE || path.startsWith('\0') || !(await isDeadSocket(path))) return bound;
  rmSync(path, { force: true });
  return bindPipe(shortest(path));
}

/** @throws Error EEXIST when somebody serves there; another error where the file system has one. */
async function moveInto(temporary: string, path: string): Promise<void> {
  try {
    // A link, unlike a rename, takes nothing from another server that is faster.
    linkSync(temporary, path);
    unlinkSync(temporary);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST' && !(await isDeadSocket(path))) throw Object.assign(error as Error, { errno: EADDRINUSE });
    // It replaces what nobody serves; and some file systems have no links.
    renameSync(temporary, path);
  }
}

/** sun_path holds 108 bytes (unix(7)), and a path relative to here may fit where the absolute one does not. */
function shortest(path: string): string {
  if (path.startsWith('\0')) return path;
  const short = relative(process.cwd(), path);
  return short !== '' && short.length < path.length ? short : path;
}

async function isDeadSocket(path: string): Promise<boolean> {
  try {
    if (!lstatSync(path).isSocket()) return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
  return (await livenessOf(connect(shortest(path)))) === 'dead';
}
