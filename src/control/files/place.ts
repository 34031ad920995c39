/** The names of control sockets: `<name>.sock`, in a directory of directories.ts. */
import { join } from 'node:path';
import { PreforkError } from '../../errors.ts';

/**
 * The length of a path in `sun_path` without the NUL at its end: unix(7) has 108 bytes, the BSDs and macOS have 104.
 */
const LONGEST_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

const EXTENSION = '.sock';

/**
 * Returns the path of a server's socket.
 *
 * @throws PreforkError `ERR_CONTROL_SOCKET` when it is too long.
 */
export function socketPath(directory: string, name: string): string {
  return pathIn(directory, `${name}${EXTENSION}`);
}

/**
 * Joins a path and checks its length, because older Nodes silently cut a socket's path.
 *
 * @throws PreforkError `ERR_CONTROL_SOCKET` when it is too long.
 */
export function pathIn(directory: string, fileName: string): string {
  const path = join(directory, fileName);
  const length = Buffer.byteLength(path);
  if (length <= LONGEST_PATH_BYTES) return path;
  // A relative path might fit, but clients run in other directories.
  const remedy = 'choose a shorter --name, or a shorter PREFORK_RUNTIME_DIR';
  throw unusable(`the path ${path} has ${length} bytes, and a socket's may have ${LONGEST_PATH_BYTES}: ${remedy}`);
}

/**
 * Returns the name of the server that a socket file belongs to. Any other file gives undefined, such as the temporary
 * files of a server.
 */
export function nameOfSocket(fileName: string): string | undefined {
  return /^([A-Za-z0-9_][A-Za-z0-9._-]*)\.sock$/.exec(fileName)?.[1];
}

export function unusable(message: string, cause?: unknown): PreforkError {
  return new PreforkError('ERR_CONTROL_SOCKET', message, cause === undefined ? undefined : { cause });
}
