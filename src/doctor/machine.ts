import { accessSync, constants, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { previewDirectory } from '../control/files/directories.ts';
import { chooseSharing, type SharingChoice } from '../listeners/sharing.ts';
import { readIfThere, type ReadFile } from '../options/machine/cgroup.ts';
import { availableCores } from '../options/machine/cores.ts';

/** All that the checks look at. Tests make one of file contents. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** Without the `v`. */
  readonly node: string;
  readonly pid: number;
  readonly read: ReadFile;
  /** How workers would share an address here. */
  readonly sharing: SharingChoice;
  /** That the process may run on, whatever its quota. */
  readonly cores: number;
  /** How many there are without `--workers`. */
  readonly workers: number;
  /** Bytes: what V8 allows each process here. */
  readonly heapLimit: number;
  /** Undefined where it is not there, or cannot be written. */
  readonly space: (directory: string) => Space | undefined;
  readonly control: ControlDirectory;
}

/** Bytes. */
export interface Space {
  readonly size: number;
  readonly free: number;
}

export interface ControlDirectory {
  readonly path: string;
  /** Why it cannot be used, as a sentence. */
  readonly fault: string | undefined;
}

export function thisMachine(): Machine {
  return {
    platform: process.platform,
    node: process.versions.node,
    pid: process.pid,
    read: readIfThere,
    sharing: chooseSharing('auto'),
    cores: availableCores(
      (path) => (path === '/proc/self/cgroup' ? undefined : readIfThere(path)),
      availableParallelism(),
    ),
    workers: availableCores(),
    heapLimit: getHeapStatistics().heap_size_limit,
    space,
    control: controlDirectory(),
  };
}

function space(directory: string): Space | undefined {
  if (!isWritable(directory)) return undefined;
  const { blocks, bavail, bsize } = statfsSync(directory);
  return { size: blocks * bsize, free: bavail * bsize };
}

/** The first server makes it. */
function controlDirectory(): ControlDirectory {
  const { path = '', fault } = previewDirectory();
  return { path, fault };
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
