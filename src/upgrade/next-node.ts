/** Which node runs the next primary, and how, where that one inherits the channel to a process of root's. */
import { accessSync, constants, realpathSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { writablePart } from '../privileges/writable.ts';

/** Opens no inspector by SIGUSR1; the oldest nodes do not know it. */
const CLOSED = '--disable-sigusr1';
/** Has its inspector's secret path be told in the log, and not to each who asks at its port. Known to every node. */
const SECRET = '--inspect-publish-uid=stderr';

/**
 * Flags for a next primary that is closed to its workers: SIGUSR1 from one of them, before the primary's own handler is there, would
 * open an inspector in it otherwise.
 */
export function doorFlags(node: string): string[] {
  const isOurs = realOf(node) === realOf(process.execPath);
  return isOurs && process.allowedNodeEnvironmentFlags.has(CLOSED) ? [CLOSED] : [SECRET];
}

/** Takes them out again, in the next primary: the workers and the primary after it have flags of their own. */
export function dropDoorFlags(execArgv: string[] = process.execArgv): void {
  if (execArgv[0] === CLOSED || execArgv[0] === SECRET) execArgv.shift();
}

/** @returns why this user's processes could run another program in its place; undefined when they cannot. */
export function whyNotRoots(node: string): string | undefined {
  const who = { uid: process.geteuid!(), gid: process.getegid!() };
  const part = writablePart(commandPath(node), who);
  return part === undefined
    ? undefined
    : `uid ${who.uid} may change ${part}, and the next primary can have ports below 1024 bound: give it to root`;
}

/** As a shell finds it. */
export function commandPath(command: string, path: string = process.env['PATH'] ?? ''): string {
  if (command.includes('/')) return resolve(command);
  const found = path
    .split(delimiter)
    .map((directory) => join(resolve(directory), command))
    .find(isProgram);
  return found ?? process.execPath;
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
