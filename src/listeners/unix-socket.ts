import { lchownSync, lstatSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { relative } from 'node:path';
import { constants } from 'node:os';
import { bindPipe, type NativeHandle } from './native.ts';

const EADDRINUSE = -constants.errno.EADDRINUSE;

/**
 * Binds a Unix socket. A socket file that nobody listens on, left by a server that was killed, is replaced; one that
 * answers, and any file that is no socket, stays and is EADDRINUSE.
 */
export async function bindUnixSocket(path: string): Promise<NativeHandle | number> {
  const name = shortest(path);
  const bound = bindPipe(name);
  if (bound !== EADDRINUSE || !(await isDeadSocket(path))) return bound;
  try {
    unlinkSync(path);
  } catch (error) {
    // Somebody else was faster: then the second bind tells who owns the path now.
    const { code, errno } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') return errno ?? EADDRINUSE;
  }
  return bindPipe(name);
}

/**
 * Gives a socket that root bound to the workers' user, as if a worker had bound it: only who may write to the file can
 * connect. Not through a link, which the owner of the directory could have put there meanwhile. An abstract name has no
 * owner.
 *
 * @returns 0, or the errno, negative.
 */
export function giveUnixSocket(path: string, { uid, gid }: { readonly uid: number; readonly gid: number }): number {
  if (path.startsWith('\0')) return 0;
  try {
    lchownSync(path, uid, gid);
    return 0;
  } catch (error) {
    return (error as NodeJS.ErrnoException).errno ?? -constants.errno.EPERM;
  }
}

/** sun_path holds 108 bytes (unix(7)), and a path relative to here may fit where the absolute one does not. */
function shortest(path: string): string {
  if (path.startsWith('\0')) return path;
  const short = relative(process.cwd(), path);
  return short !== '' && short.length < path.length ? short : path;
}

async function isDeadSocket(path: string): Promise<boolean> {
  if (path.startsWith('\0')) return false;
  try {
    if (!lstatSync(path).isSocket()) return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT';
  }
  return new Promise((resolve) => {
    const probe = connect(shortest(path));
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'ECONNREFUSED'));
  });
}
