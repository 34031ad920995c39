import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the files of a store may take, bytes. */
export interface Space {
  readonly database: number;
  /** What is written to the log before it is moved into the database. */
  readonly log: number;
  /** With more in it writers wait for those who still read there. */
  readonly longestLog: number;
}

/** More makes little faster, and would be taken from what is kept. */
const LOG = 3.2 * 1024 * 1024;
/** With what a large transaction adds to it. */
const BESIDE = 8 * 1024 * 1024;

export function memorySpace(maxSize: number): Space {
  return { database: maxSize, log: LOG, longestLog: Infinity };
}

/**
 * A database that fills its file system could not even be emptied: that is written to the log first. So a part is left
 * free, and a store that is full says so while nothing else is. The `/dev/shm` of a container often has 64 MB.
 */
export function spaceIn(directory: string, maxSize: number): Space {
  return divide(maxSize, roomIn(directory));
}

/** Pure. @param room of the file system, with what the store has of it already. */
export function divide(maxSize: number, room: number): Space {
  const beside = Math.min(BESIDE, room / 4);
  return {
    database: Math.min(maxSize, room - beside),
    log: Math.min(LOG, beside / 2),
    longestLog: beside * 0.75,
  };
}

function roomIn(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  const own = readdirSync(directory).map((name) => statSync(join(directory, name), { throwIfNoEntry: false }));
  return bavail * bsize + own.reduce((sum, file) => sum + (file?.blocks ?? 0) * 512, 0);
}
