/**
 * Which cores the servers get and which the load generator. With eight cores or more each has its own, a quarter for the
 * load; with fewer they share all of them, and the report warns. The same for every system.
 */

import { availableParallelism } from 'node:os';
import { readFileSync } from 'node:fs';
import { which } from './command.ts';

export interface Placement {
  /** Cores of the servers; also the number of workers. */
  readonly serverCores: number;
  readonly shared: boolean;
  /** Put before a command to keep it on its cores; empty when they are shared. */
  readonly serverPrefix: readonly string[];
  readonly loadPrefix: readonly string[];
}

const ENOUGH_TO_SPLIT = 8;

/** The cores that this process may use, by number: `0-3,8` is what the kernel writes. */
export function allowedCores(status: string): number[] {
  const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '';
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

export function placement(): Placement {
  const cores = allowedCores(readFileSync('/proc/self/status', 'latin1'));
  const taskset = which('taskset');
  if (cores.length < ENOUGH_TO_SPLIT || taskset === undefined) {
    return { serverCores: availableParallelism(), shared: true, serverPrefix: [], loadPrefix: [] };
  }
  const loadCores = Math.floor(cores.length / 4);
  const on = (list: readonly number[]): string[] => [taskset, '--cpu-list', list.join(',')];
  return {
    serverCores: cores.length - loadCores,
    shared: false,
    serverPrefix: on(cores.slice(0, -loadCores)),
    loadPrefix: on(cores.slice(-loadCores)),
  };
}
