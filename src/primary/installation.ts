/** Finds the files of this installation. The module stays at this depth: the bundled command finds them from dist/cli/. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The file that every worker loads before the application. */
export const preloadFile: string = fileURLToPath(new URL('../worker/preload.cjs', import.meta.url));

/** The program of the process that runs `--primary`. */
export const halfFile: string = fileURLToPath(new URL('../worker/half.cjs', import.meta.url));

const own = versionOnDisk();

/** Whether what is on the disk is another version than this process runs: the package was replaced in place. A process that is started now runs that. */
export function isReplaced(): boolean {
  return versionOnDisk() !== own;
}

function versionOnDisk(): string | undefined {
  try {
    return version();
  } catch {
    return undefined;
  }
}

/** Reads the version of prefork from its package.json. */
export function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
