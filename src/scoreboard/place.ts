import { accessSync, constants, statSync } from 'node:fs';
import { tmpdir } from 'node:os';

/** Who a board's file name says made it. */
export interface BoardName {
  readonly uid: number;
  readonly primaryPid: number;
  readonly name: string;
}

const SHARED_MEMORY = '/dev/shm';

/** This user, as files know it; 0 on Windows, whose temporary directory is each user's own. */
export function userId(): number {
  return process.geteuid?.() ?? 0;
}

/**
 * Where boards are made, best first: shared memory, which never touches a disk, then the temporary directory (no
 * /dev/shm on macOS and Windows, and a container may have it read-only or full).
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

/** `prefork-<uid>-<primary pid>-<name>.board`. What a file name should not hold becomes `_`. */
export function boardFileName({ uid, primaryPid, name }: BoardName): string {
  const safe = name.replace(/[^\w.-]/g, '_').slice(0, 100);
  return `prefork-${uid}-${primaryPid}-${safe}.board`;
}

/** The reverse; undefined for any other file. */
export function parseBoardFileName(fileName: string): BoardName | undefined {
  const match = /^prefork-(\d+)-(\d+)-([\w.-]*)\.board$/.exec(fileName);
  if (match === null) return undefined;
  return { uid: Number(match[1]), primaryPid: Number(match[2]), name: match[3] as string };
}
