/**
 * Erases variables from a process's memory. What the kernel shows as the environment of a process (/proc/<pid>/environ,
 * `ps e`) is the memory that it was started with. Deleting a variable removes it from the environment of child
 * processes, but not from that memory.
 */
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { parseStat } from '../../contract/process-stat.ts';
import { systemCode } from '../../contract/system-code.ts';

/**
 * Overwrites the variable's value in memory. The caller must delete it from `process.env` before, so that nothing
 * points to it.
 *
 * @returns whether other processes of this user cannot read it, or can no longer.
 */
export function eraseVariable(name: string, value: string, directory = '/proc/self'): boolean {
  // Other systems hide the environment, or offer no way to erase it.
  if (process.platform !== 'linux') return false;
  try {
    for (let at = find(name, value, directory); at !== -1; at = find(name, value, directory)) {
      overwrite(addressOf(directory) + at + name.length + 1, Buffer.byteLength(value), directory);
    }
    return true;
  } catch (error) {
    // This process used to be another user's, so it is closed to other processes of its user (prctl(2),
    // PR_SET_DUMPABLE), and to itself.
    return systemCode(error) === 'EACCES' && isClosed(directory);
  }
}

/** Finds the variable. The result is its offset in the environment in bytes, or -1 when it is not there. */
function find(name: string, value: string, directory: string): number {
  const wanted = Buffer.from(`\0${name}=${value}\0`);
  const environment = readFileSync(`${directory}/environ`);
  return Buffer.concat([Buffer.of(0), environment, Buffer.of(0)]).indexOf(wanted);
}

function addressOf(directory: string): number {
  const address = parseStat(readFileSync(`${directory}/stat`, 'latin1'))?.environmentAt ?? 0;
  if (!Number.isSafeInteger(address) || address <= 0) throw new Error(`${directory}/stat has no env_start`);
  return address;
}

function overwrite(address: number, length: number, directory: string): void {
  const memory = openSync(`${directory}/mem`, 'r+');
  try {
    const written = writeSync(memory, Buffer.alloc(length, '-'), 0, length, address);
    if (written !== length) throw new Error(`${written} of ${length} bytes were overwritten`);
  } finally {
    closeSync(memory);
  }
}

function isClosed(directory: string): boolean {
  try {
    readFileSync(`${directory}/environ`);
    return false;
  } catch (error) {
    return systemCode(error) === 'EACCES';
  }
}
