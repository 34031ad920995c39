import { closeSync, openSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

/** How long an error counts as told. Code that is loaded later may be another version, and its error is worth telling again. */
const TOLD_FOR_MS = 1000;

/**
 * Workers that start side by side fail side by side, mostly of the same error. The first of them leaves a mark in the directory
 * that they share, so that the others need not print it again. The directory belongs to the primary and goes with it.
 *
 * @param directory '' when there is none: then each worker is the first.
 */
export function isFirstToTell(directory: string, error: string): boolean {
  if (directory === '') return true;
  // Only workers that fail need this module, and it is not small.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const mark = join(directory, `told-${createHash('sha256').update(error).digest('hex').slice(0, 16)}`);
  try {
    closeSync(openSync(mark, 'wx', 0o600));
    return true;
  } catch {
    return isOld(mark);
  }
}

/** A mark that cannot be looked at counts as old: an error is better told twice than never. */
function isOld(mark: string): boolean {
  try {
    const now = Date.now();
    if (now - statSync(mark).mtimeMs < TOLD_FOR_MS) return false;
    utimesSync(mark, now / 1000, now / 1000);
  } catch {
    // The error is told twice, then.
  }
  return true;
}
