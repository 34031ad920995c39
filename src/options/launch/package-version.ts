import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fieldsOf } from '../../contract/fields.ts';
import { readText } from '../files.ts';

/** A version is a label of a metric, and no file may make a long one of it. */
const LONGEST_VERSION = 64;

/** A larger file is no package.json. The directories above the application may be anybody's. */
const LARGEST_BYTES = 1024 * 1024;

/**
 * Returns the version in the package.json nearest to a file, as node finds that. Undefined where none says one.
 *
 * @param read reads a package.json. @default whatever its path leads to
 */
export function packageVersion(file: string, read: (path: string) => string = readText): string | undefined {
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    const version = versionIn(read, join(directory, 'package.json'));
    if (version !== undefined || directory === dirname(directory)) return version;
  }
}

/** A package.json without a version, such as one that only says the type of modules, is not the application's. */
function versionIn(read: (path: string) => string, path: string): string | undefined {
  try {
    const stats = statSync(path);
    if (!stats.isFile() || stats.size > LARGEST_BYTES) return undefined;
    const { version } = fieldsOf(JSON.parse(read(path)));
    if (typeof version !== 'string' || version === '' || version.length > LONGEST_VERSION) return undefined;
    return version;
  } catch {
    return undefined;
  }
}
