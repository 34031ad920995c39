/**
 * Gives a listening socket its name when several servers may want the same name at the same time.
 *
 * bind(2) creates the file before the socket listens, and it refuses a path whose owner is dead. So a socket is bound
 * under a private name, listens, and is then linked to the name that it wants. link(2) fails when there is a file, and
 * a client that sees the new file can connect.
 *
 * A dead file has to go first. Checking it and replacing it are two steps, and another server may replace it in
 * between. That server's live socket must survive. So a server may replace a dead file only when it holds a permit for
 * exactly that file. The permit is a second name of its own listening socket, made from the dead file's identity. Two
 * servers cannot hold one permit, because the permit is linked, too. A server that died leaves a permit on which no server
 * listens, which is itself a dead file and is replaced in this way. Renaming the permit to the path replaces the dead
 * file and gives up the permit, in one step.
 */
import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathIn, unusable } from './place.ts';
import { probe } from './probe.ts';
import { systemCode } from '../../contract/system-code.ts';
import { messageOf } from '../../contract/message-of.ts';

/** Each attempt is lost to a faster server, which is then found live. */
const MOST_ATTEMPTS = 100;

/** The wait for the holder of a permit to use it. The holder needs less than 1 ms. */
const PERMIT_WAIT_MS = 5;

/**
 * Gives the socket file `own`, on which this process listens, the additional name `path`.
 *
 * @returns false when a live server has it.
 * @throws PreforkError `ERR_CONTROL_SOCKET` when the file there is not a socket, or no link can be made.
 */
export async function takePath(own: string, path: string): Promise<boolean> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    if (linkIfFree(own, path)) return true;
    const holder = identity(path);
    const state = holder === undefined ? 'gone' : await probe(path);
    if (state === 'live') return false;
    if (state === 'dead' && (await replaceDead(own, path, holder!))) return true;
  }
  throw unusable(`other processes keep creating and removing ${path}`);
}

/**
 * Puts the socket file `own` in the place of the server that has `path`. This is for a server that is replaced while it
 * runs.
 */
export function replacePath(own: string, path: string): void {
  identity(path);
  renameSync(own, path);
}

async function replaceDead(own: string, path: string, dead: string): Promise<boolean> {
  const permit = pathIn(dirname(path), `.${dead}.permit`);
  if (!(await takePath(own, permit))) {
    await delay(PERMIT_WAIT_MS);
    return false;
  }
  if (identity(path) === dead) {
    renameSync(permit, path);
    return true;
  }
  unlinkSync(permit);
  return false;
}

function linkIfFree(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw unusable(`cannot create ${path}: ${messageOf(error)}`, error);
  }
}

/**
 * Identifies the file itself and not its path. The inode alone would not do, because file systems reuse it at once. The
 * time is that of the bind, because nothing writes to a socket file.
 */
function identity(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isSocket())
    throw unusable(`${path} is not a socket and is left alone: remove it, or choose another --name`);
  return `${stats.ino.toString(36)}-${stats.mtimeNs.toString(36)}`;
}
