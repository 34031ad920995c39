import { readdirSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileIdentity } from '../../sockets/file-identity.ts';
import { nameOfSocket } from './place.ts';
import { probe } from './probe.ts';

/**
 * Removes the sockets that killed servers of this user left behind. A failure does no harm, so no error is reported.
 *
 * @param own the caller's socket, which lives: to ask it would be a connection to itself.
 */
export async function sweepDeadSockets(directory: string, own: string): Promise<void> {
  for (const path of socketsIn(directory)) {
    if (path === own) continue;
    const file = fileIdentity(path);
    if ((await probe(path)) === 'dead' && fileIdentity(path) === file) remove(path);
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

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Another server sweeps as well and was faster.
  }
}
