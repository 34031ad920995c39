import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** A cgroup v1 that the kernel enforces. Owns its directory, which `remove` removes when its processes are gone. */
export class Cgroup {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /** Makes a cgroup with limits: the names of its files, and what is written to them. Throws where this is not possible. */
  static create(controller: 'memory' | 'cpu', limits: Readonly<Record<string, number>>): Cgroup {
    const root = `/sys/fs/cgroup/${controller}`;
    if (!existsSync(`${root}/cgroup.procs`)) throw new Error(`there is no cgroup v1 with the controller ${controller}`);
    const group = new Cgroup(`${root}/prefork-soak-${process.pid}`);
    mkdirSync(group.path);
    for (const [name, value] of Object.entries(limits)) writeFileSync(`${group.path}/${name}`, String(value));
    return group;
  }

  read(name: string): string {
    return readFileSync(`${this.path}/${name}`, 'utf8').trim();
  }

  /** Returns a number of a file that has one in each line, by its name. */
  count(name: string, key: string): number {
    return Number(new RegExp(`^${key} (\\d+)$`, 'm').exec(this.read(name))?.[1]);
  }

  remove(): void {
    rmdirSync(this.path);
  }
}

/**
 * Writes a program that runs node in a cgroup. With `memoryMax` it runs in a mount namespace of its own, where the limit of memory is
 * told as by cgroup v2. Owns the program's directory.
 */
export class NodeIn implements Disposable {
  readonly path: string;
  readonly #directory = mkdtempSync(join(tmpdir(), 'prefork-node-in-'));

  constructor(group: Cgroup, memoryMax?: number) {
    this.path = join(this.#directory, 'node');
    const enter = `#!/bin/sh\necho $$ > ${group.path}/cgroup.procs\n`;
    const fake = `mount -t tmpfs none /sys/fs/cgroup && echo ${memoryMax} > /sys/fs/cgroup/memory.max`;
    const run =
      memoryMax === undefined
        ? `exec ${process.execPath} "$@"\n`
        : `exec unshare -m sh -c '${fake} && exec "$@"' sh ${process.execPath} "$@"\n`;
    writeFileSync(this.path, enter + run);
    chmodSync(this.path, 0o755);
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true });
  }
}
