/** Short commands that are run to their end: versions, builds, reloads. */

import { execFile } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeout?: number;
}

/** What the command said on both channels. Rejects, with what it said, when it fails. */
export async function run(argv: readonly [string, ...string[]], options: RunOptions = {}): Promise<string> {
  const [file, ...args] = argv;
  const { stdout, stderr } = await exec(file, args, { timeout: 60_000, maxBuffer: 2 ** 26, ...options });
  return (stdout + stderr).trim();
}

/** Where the command is, as a shell would find it; undefined when it is nowhere. */
export function which(name: string): string | undefined {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const file = join(directory, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** The version in a package.json. */
export const packageVersion = (file: string): string =>
  (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
