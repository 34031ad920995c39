/** Chooses the node of the next primary, and its flags where root has started the first one for another user. */
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import { basename, delimiter, join, resolve } from 'node:path';
import { rootUids, writablePart } from '../privileges/writable.ts';
import { VARIABLE } from './handover.ts';

/** The flag keeps SIGUSR1 from opening an inspector. The oldest nodes do not know it. */
const CLOSED = '--disable-sigusr1';
/** The flag shows the inspector's secret path in the log alone, not to clients of its port. Every node knows it. */
const SECRET = '--inspect-publish-uid=stderr';

/**
 * Returns the flags of a next primary that is closed to its workers. Otherwise a worker's SIGUSR1 would open an inspector
 * in it, as long as the primary has no handler of its own.
 */
export function doorFlags(node: string): string[] {
  const isOurs = realOf(node) === realOf(process.execPath);
  return isOurs && process.allowedNodeEnvironmentFlags.has(CLOSED) ? [CLOSED] : [SECRET];
}

/** Returns the flags of node that are this process's own. Its workers and the primary after it get these, too. */
export function ownNodeFlags(): readonly string[] {
  if (process.env[VARIABLE] !== undefined) dropDoorFlags();
  return process.execArgv;
}

/** Removes these flags in the next primary, because its workers and its own successor have flags of their own. */
export function dropDoorFlags(execArgv: string[] = process.execArgv): void {
  if (execArgv[0] === CLOSED || execArgv[0] === SECRET) execArgv.shift();
}

/**
 * Says why this user's processes could run another program in place of this one.
 *
 * @param program the node of the next primary, or the script that it runs.
 * @returns undefined when they cannot.
 */
export function whyNotRoots(program: string): string | undefined {
  const who = { uid: process.geteuid!(), gid: process.getegid!() };
  const part = writablePart(commandPath(program), who);
  return part === undefined
    ? undefined
    : `uid ${who.uid} may change ${part}, and the next primary has the admin token and may have ports below 1024 bound: give it to root`;
}

/** The names of node's program, such as `node`, `nodejs` and `node-24`. */
const NODE = /^node(?:js)?(?:[.-]?\d+(?:\.\d+)*)?$/;

/**
 * Says why a program may not run the next primary, where root has started the first one for another user: it is that user's, or no node.
 * The next primary inherits the channel to the binder, and the admin token. Many programs of root's do what a file of their user's tells them. The program is not asked what it is, because it would run for that.
 *
 * @returns undefined when it may.
 */
export function whyNotNode(program: string): string | undefined {
  const path = commandPath(program);
  const real = realOf(path);
  if (real !== realOf(process.execPath)) {
    const only = `only node may run the next primary of a server that root has started, and ${path}`;
    if (!isNode(path)) return `${only} ${real === path ? '' : `leads to ${real}, which `}is not named like one`;
    const owner = statSync(real, { throwIfNoEntry: false })?.uid;
    if (owner === undefined || !rootUids().includes(owner)) return `${only} is not root’s`;
  }
  return whyNotRoots(path);
}

/**
 * Returns the file of a node that may run the next primary, where root has started the first one for another user. A path through /proc
 * or /dev, such as `/proc/self/cwd/node`, leads the process that runs it elsewhere than this one, so that it is this file which is checked
 * and run, with no link on the way to it.
 *
 * @throws Error with the reason why it may not.
 */
export function checkedNode(command: string): string {
  const path = commandPath(command);
  refuse(whyNotNode(path));
  const file = realpathSync(path);
  refuse(whyNotNode(file));
  return file;
}

/** @throws Error where there is a reason. */
export function refuse(reason: string | undefined): void {
  if (reason !== undefined) throw new Error(reason);
}

/** Tells by the name of the file, which links lead to, whether it is a node. */
export function isNode(command: string): boolean {
  const real = realOf(commandPath(command));
  return real === realOf(process.execPath) || NODE.test(basename(real));
}

/** Finds a command as a shell does. */
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
