import { systemCode } from '../contract/system-code.ts';

/** The errors of open(2) and lstat(2) that tell of the path: nothing is there that this user may see. */
const MISSING: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES']);

/**
 * Looks at a file.
 *
 * @returns undefined where there is none that this user may see.
 * @throws Error where that is not known: a process that has no descriptor left (EMFILE) has not looked.
 */
export function unlessMissing<Result>(look: () => Result): Result | undefined {
  try {
    return look();
  } catch (error) {
    if (MISSING.has(systemCode(error))) return undefined;
    throw error;
  }
}
