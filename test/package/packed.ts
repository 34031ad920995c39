/** Installs the packed tarball as users do. */
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { root } from '../support/paths.ts';

export const run = promisify(execFile);

/** A package that depends on the tarball. The object owns the directory of both. */
export interface Home extends AsyncDisposable {
  readonly directory: string;
  readonly tarball: string;
  /** Lets the package find others: those that the repository has installed. */
  link(...names: readonly string[]): Promise<void>;
}

/** Packs what is built, and installs it in a directory of its own, in a package of this type. */
export async function installPacked(type: 'module' | 'commonjs'): Promise<Home> {
  const directory = await mkdtemp(join(tmpdir(), 'prefork-package-'));
  const tarball = await pack(directory);
  await writeFile(join(directory, 'package.json'), JSON.stringify({ name: 'user', type }));
  await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: directory });
  return {
    directory,
    tarball,
    async link(...names) {
      for (const name of names) {
        const link = join(directory, 'node_modules', name);
        await mkdir(dirname(link), { recursive: true });
        await symlink(join(root, 'node_modules', name), link);
      }
    },
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Packs what is built into a directory, and returns the tarball. */
export async function pack(directory: string): Promise<string> {
  const { stdout } = await run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', directory], {
    cwd: root,
  });
  const packed = JSON.parse(stdout) as Array<{ filename: string }> | Record<string, { filename: string }>;
  return join(directory, Object.values(packed)[0]!.filename);
}
