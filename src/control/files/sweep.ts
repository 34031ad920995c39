import { lstatSync, readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { nameOfSocket } from './place.ts';
import { probe } from './probe.ts';

/** Removes the sockets that servers of this user left when they were killed. Housekeeping: nothing here fails. */
export async function sweepDeadSockets(directory: string): Promise<void> {
  for (const path of socketsIn(directory)) {
    const file = identityOf(path);
    if ((await probe(path)) === 'dead' && identityOf(path) === file) remove(path);
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

/** An inode's number means nothing without its device. */
function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another server sweeps as well.
  }
}
