/**
 * Reads the token for clients that may change things over `--admin`, as it was given. There is no flag for it, because
 * all users can see the flags of a process.
 */
import { closeSync, readSync } from 'node:fs';
import { SHORTEST_SECRET } from '../../control/secret.ts';
import { UsageError } from '../../errors.ts';
import { openForRoot } from '../../privileges/read-for-root.ts';
import { VARIABLE as UPGRADE } from '../../upgrade/handover.ts';
import { eraseVariable } from '../system/environment-memory.ts';
import { messageOf } from '../../contract/message-of.ts';

const VARIABLE = 'PREFORK_ADMIN_TOKEN';

/**
 * The longest file, which is longer than any token. A file without a token, such as a device, is not read to its end.
 */
const LONGEST_FILE_BYTES = 65_536;

export interface GivenToken {
  readonly token: string;
  /**
   * True when the token is still in this process's environment, as the system shows it to other processes of the same
   * user.
   */
  readonly isExposed: boolean;
}

/**
 * Takes the token out of the file, or else out of the environment, where workers would inherit it, or read it in /proc.
 * The user that workers run as need not be able to read the file, so this is called before root's rights go.
 *
 * @param file the path from `--admin-token-file`.
 * @returns undefined when no token is given.
 * @throws UsageError when the file cannot be read, or what was given is no token.
 */
export function takeAdminToken(env: NodeJS.ProcessEnv, file: string | undefined): GivenToken | undefined {
  const variable = env[VARIABLE] || undefined;
  delete env[VARIABLE];
  const isErased = variable === undefined || eraseVariable(VARIABLE, variable);
  const inFile = file === undefined ? undefined : read(file, env);
  if (inFile !== undefined) return { token: checked(inFile, `--admin-token-file ${file}`), isExposed: false };
  return variable === undefined ? undefined : { token: checked(variable, VARIABLE), isExposed: !isErased };
}

/**
 * Reads the file. A primary that succeeds another one may have no right to it any more, and gets the token from that
 * one.
 */
function read(file: string, env: NodeJS.ProcessEnv): string | undefined {
  try {
    const bytes = readFirst(file, LONGEST_FILE_BYTES + 1);
    if (bytes.length <= LONGEST_FILE_BYTES) return bytes.toString('latin1').trim();
  } catch (error) {
    if (env[UPGRADE] !== undefined) return undefined;
    throw new UsageError(`--admin-token-file: ${messageOf(error)}`, { cause: error });
  }
  throw new UsageError(`--admin-token-file ${file}: expected a file with a token and nothing else`);
}

/** Reads at most `most` bytes, in pieces: a pipe has no size, and may be root's own choice. */
function readFirst(file: string, most: number): Buffer {
  const bytes = Buffer.alloc(most);
  const fd = openForRoot(file, most);
  try {
    let length = 0;
    for (let piece = -1; piece !== 0 && length < most; length += piece) {
      piece = readSync(fd, bytes, length, most - length, null);
    }
    return bytes.subarray(0, length);
  } finally {
    closeSync(fd);
  }
}

/** Checks the token. The message of the error has no part of it. */
function checked(token: string, place: string): string {
  if (/^[\x21-\x7e]+$/.test(token) && token.length >= SHORTEST_SECRET) return token;
  throw new UsageError(`${place}: expected ${SHORTEST_SECRET} or more characters of ASCII, and no spaces`);
}
