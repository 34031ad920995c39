/** Reads what a cgroup may use: this process's own group, and those that contain it. */
import { readFileSync } from 'node:fs';
import { posix } from 'node:path';

/** Reads a file of /proc or /sys; undefined when it is not there. */
export type ReadFile = (path: string) => string | undefined;

/** A directory of the cgroup file system. The two versions name their files differently. */
export interface Cgroup {
  readonly version: 1 | 2;
  readonly path: string;
}

/**
 * Lists this process's cgroup for a controller and all groups that contain it, its own first. Some may be missing: a
 * container that sees its cgroup under the host's name finds its own at the root.
 */
export function cgroups(controller: 'cpu' | 'memory' | 'pids', read: ReadFile = readIfThere): Cgroup[] {
  return (read('/proc/self/cgroup') ?? '').split('\n').flatMap((line): Cgroup[] => {
    // A line has the form hierarchy:controllers:path, see cgroups(7). Hierarchy 0 is cgroup v2.
    const [, hierarchy, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (path === undefined) return [];
    if (hierarchy === '0') return ancestry(path).map((group) => ({ version: 2, path: `/sys/fs/cgroup${group}` }));
    if (!controllers!.split(',').includes(controller)) return [];
    return ancestry(path).map((group) => ({ version: 1, path: `/sys/fs/cgroup/${controller}${group}` }));
  });
}

function ancestry(path: string): string[] {
  return path === '/' ? [''] : [path, ...ancestry(posix.dirname(path))];
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
