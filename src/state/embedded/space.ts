import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** The space that the files of a store may take in bytes. */
export interface Space {
  readonly database: number;
  /** The size of the log before it is moved into the database. */
  readonly log: number;
  /** With a longer log, writers wait for processes that still read from it. */
  readonly longestLog: number;
}

/** A longer log would hardly be faster, and would take space from the items. */
const LOG_BYTES = 3.2 * 1024 * 1024;
/** The space for the log, with what a large transaction adds to it. */
const BESIDE_BYTES = 8 * 1024 * 1024;

export function memorySpace(maxSize: number): Space {
  return { database: maxSize, log: LOG_BYTES, longestLog: Infinity };
}

/**
 * Divides the space of the file system. A database that fills the file system could not even be emptied, because
 * deletions go through the log first. So a part is left free, and only the store reports that it is full. The
 * `/dev/shm` of a container often has 64 MB.
 */
export function spaceIn(directory: string, maxSize: number): Space {
  return divide(maxSize, roomIn(directory));
}

/**
 * Divides the space; this function is pure.
 *
 * @param room the space of the file system, including what the store already takes.
 */
export function divide(maxSize: number, room: number): Space {
  const beside = Math.min(BESIDE_BYTES, room / 4);
  return {
    database: Math.min(maxSize, room - beside),
    log: Math.min(LOG_BYTES, beside / 2),
    longestLog: beside * 0.75,
  };
}

function roomIn(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  const own = readdirSync(directory).map((name) => statSync(join(directory, name), { throwIfNoEntry: false }));
  return bavail * bsize + own.reduce((sum, file) => sum + (file?.blocks ?? 0) * 512, 0);
}
