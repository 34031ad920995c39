/**
 * How a listening socket gets its name, when several servers may want the same one at the same time.
 *
 * bind(2) makes the file before anybody listens, and refuses a path whose owner is dead. So a socket is bound under a
 * name of its own, listens, and is then linked to the name it wants: link(2) fails when there is a file, and whoever sees
 * the new one can connect.
 *
 * A dead file has to go first, and looking at it and replacing it are two steps: between them another starter may have
 * replaced it, and would lose his live one. Therefore only he may replace a file who has a claim on exactly that file: a
 * second name of his own listening socket, made from the file's identity. Two cannot have it, for it is linked, too; the
 * claim of one who died is known by nobody listening, and is itself a dead file to be replaced in this way. Moving the
 * claim onto the path replaces the dead file and gives the claim up, in one step.
 */
import { linkSync, lstatSync, renameSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathIn, unusable } from './place.ts';
import { probe } from './probe.ts';
import { systemCode } from '../../contract/system-code.ts';

/** Each is lost to somebody who was faster, and who is then found live. */
const MOST_ATTEMPTS = 100;

/** Until who has the claim has used it, ms. He needs less than one. */
const PATIENCE = 5;

/**
 * Gives the socket file `own`, on which this process listens, the name `path` too.
 *
 * @returns false when a live server has it.
 * @throws PreforkError `ERR_CONTROL_SOCKET` when there is a file that is no socket, or no link can be made.
 */
export async function takePath(own: string, path: string): Promise<boolean> {
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    if (linkIfFree(own, path)) return true;
    const holder = identity(path);
    const state = holder === undefined ? 'gone' : await probe(path);
    if (state === 'live') return false;
    if (state === 'dead' && (await replaceDead(own, path, holder!))) return true;
  }
  throw unusable(`${path} is made and removed by others all the time`);
}

/** Puts the socket file `own` in the place of whatever server has `path`: for one that is replaced while it runs. */
export function replacePath(own: string, path: string): void {
  identity(path);
  renameSync(own, path);
}

async function replaceDead(own: string, path: string, dead: string): Promise<boolean> {
  const claim = pathIn(dirname(path), `.${dead}.claim`);
  if (!(await takePath(own, claim))) {
    await delay(PATIENCE);
    return false;
  }
  if (identity(path) === dead) {
    renameSync(claim, path);
    return true;
  }
  unlinkSync(claim);
  return false;
}

function linkIfFree(own: string, path: string): boolean {
  try {
    linkSync(own, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw unusable(`cannot make ${path}: ${(error as Error).message}`, error);
  }
}

/**
 * Names the file itself, not its path. Not by its inode alone, which file systems use again at once; the time is that of
 * its bind, as nothing writes to a socket file.
 */
function identity(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (!stats.isSocket()) throw unusable(`${path} is no socket, and is left alone: remove it, or choose another --name`);
  return `${stats.ino.toString(36)}-${stats.mtimeNs.toString(36)}`;
}
