import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { nameOfSocket } from './place.ts';
import { probe } from './probe.ts';

/** Removes the sockets that servers of this user left when they were killed. Housekeeping: nothing here fails. */
export async function sweepDeadSockets(directory: string): Promise<void> {
  for (const path of socketsIn(directory)) {
    const inode = inodeOf(path);
    if ((await probe(path)) === 'dead' && inodeOf(path) === inode) remove(path);
  }
}

function socketsIn(directory: string): string[] {
  try {
    const names = readdirSync(directory).filter((name) => nameOfSocket(name) !== undefined);
    return names.map((name) => join(directory, name));
  } catch {
    return [];
  }
}

function inodeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.ino;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another server sweeps as well.
  }
}
