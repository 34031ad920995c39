import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fieldsOf } from '../../contract/fields.ts';

/** A version is a label of a metric, and no file may make a long one of it. */
const LONGEST_VERSION = 64;

/** Returns the version in the package.json nearest to a file, as node finds that. Undefined where none says one. */
export function packageVersion(file: string): string | undefined {
  for (let directory = dirname(file); ; directory = dirname(directory)) {
    const text = read(join(directory, 'package.json'));
    const version = text === undefined ? undefined : versionIn(text);
    if (version !== undefined || directory === dirname(directory)) return version;
  }
}

/** A package.json without a version, such as one that only says the type of modules, is not the application's. */
function versionIn(text: string): string | undefined {
  try {
    const { version } = fieldsOf(JSON.parse(text));
    if (typeof version !== 'string' || version === '' || version.length > LONGEST_VERSION) return undefined;
    return version;
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
