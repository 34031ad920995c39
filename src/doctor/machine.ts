import { accessSync, constants, statfsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { previewDirectory } from '../control/files/directories.ts';
import { chooseSharing, type SharingChoice } from '../listeners/sharing.ts';
import { readIfThere, type ReadFile } from '../options/machine/cgroup.ts';
import { availableCores } from '../options/machine/cores.ts';

/** All that the checks look at. Tests build one from the contents of files. */
export interface Machine {
  readonly platform: NodeJS.Platform;
  /** The version without the `v`. */
  readonly node: string;
  readonly pid: number;
  readonly read: ReadFile;
  /** How workers would share an address here. */
  readonly sharing: SharingChoice;
  /** The number of cores that the process may run on, whatever its quota. */
  readonly cores: number;
  /** The number of workers without `--workers`. */
  readonly workers: number;
  /** The heap that V8 allows each process here, in bytes. */
  readonly heapLimit: number;
  /** Returns undefined where the directory is missing or not writable. */
  readonly space: (directory: string) => Space | undefined;
  readonly control: ControlDirectory;
}

/** Sizes in bytes. */
export interface Space {
  readonly size: number;
  readonly free: number;
}

export interface ControlDirectory {
  readonly path: string;
  /** The reason why the directory cannot be used, as a sentence. */
  readonly problem: string | undefined;
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

/** Looks at the directory without creating it, because the first server does that. */
function controlDirectory(): ControlDirectory {
  const { path = '', problem } = previewDirectory();
  return { path, problem };
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
