import { accessSync, constants, statSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** The owner of a board, according to its file name. */
export interface BoardName {
  readonly uid: number;
  readonly primaryPid: number;
  readonly name: string;
}

const SHARED_MEMORY = '/dev/shm';

/** Returns the id by which files know this user; 0 on Windows, where each user has a temporary directory. */
export function userId(): number {
  return process.geteuid?.() ?? 0;
}

/**
 * Lists the directories for boards, best first: shared memory, which never touches a disk, then the temporary
 * directory. macOS and Windows have no /dev/shm, and in a container it may be read-only or full.
 */
export function boardDirectories(): string[] {
  return isWritableDirectory(SHARED_MEMORY) ? [SHARED_MEMORY, tmpdir()] : [tmpdir()];
}

function isWritableDirectory(path: string): boolean {
  try {
    accessSync(path, constants.W_OK | constants.X_OK);
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

/**
 * Returns `prefork-<uid>-<primary pid>-<name>.board`, with `_` in place of characters that a file name should not
 * contain.
 */
export function boardFileName({ uid, primaryPid, name }: BoardName): string {
  const safe = name.replace(/[^\w.-]/g, '_').slice(0, 100);
  return `prefork-${uid}-${primaryPid}-${safe}.board`;
}

/** Parses the name of a board file. The result is undefined when the name has another form. */
export function parseBoardFileName(fileName: string): BoardName | undefined {
  const match = /^prefork-(\d+)-(\d+)-([\w.-]*)\.board$/.exec(fileName);
  if (match === null) return undefined;
  return { uid: Number(match[1]), primaryPid: Number(match[2]), name: match[3] as string };
}
