/** How control sockets are called: `<name>.sock`, in a directory of directories.ts. */
import { join } from 'node:path';
import { PreforkError } from '../../errors.ts';

/** What a path in `sun_path` may have, without the NUL at its end: unix(7) has 108 bytes, the BSDs and macOS 104. */
const LONGEST_PATH = process.platform === 'linux' ? 107 : 103;

const EXTENSION = '.sock';

/** The path of a server's socket. @throws PreforkError `ERR_CONTROL_SOCKET` when it is too long. */
export function socketPath(directory: string, name: string): string {
  return pathIn(directory, `${name}${EXTENSION}`);
}

/** Older Nodes cut a socket's path without a word. @throws PreforkError `ERR_CONTROL_SOCKET` when it is too long. */
export function pathIn(directory: string, fileName: string): string {
  const path = join(directory, fileName);
  const length = Buffer.byteLength(path);
  if (length <= LONGEST_PATH) return path;
  // A path relative to here might fit, but clients come from other directories.
  const remedy = 'choose a shorter --name, or a shorter PREFORK_RUNTIME_DIR';
  throw unusable(`the path ${path} has ${length} bytes, and a socket's may have ${LONGEST_PATH}: ${remedy}`);
}

/** The server whose socket this is, undefined for any other file, as those are that a server makes on its way. */
export function nameOfSocket(fileName: string): string | undefined {
  return /^([A-Za-z0-9_][A-Za-z0-9._-]*)\.sock$/.exec(fileName)?.[1];
}

export function unusable(message: string, cause?: unknown): PreforkError {
  return new PreforkError('ERR_CONTROL_SOCKET', message, cause === undefined ? undefined : { cause });
}
