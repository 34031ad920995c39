import { closeSync, openSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';

/** For so long an error counts as told, ms: what is loaded later may be other code, and its reader another day. */
const TOLD_FOR_MS = 1000;

/**
 * Workers that start side by side fail side by side, mostly of one error. The first of them leaves a mark in the directory that
 * they share, which belongs to the primary and goes with it, so that the others need not print it again.
 *
 * @param directory '' when there is none: then each is the first.
 */
export function isFirstToTell(directory: string, error: string): boolean {
  if (directory === '') return true;
  // Needed by workers that fail alone, and not small.
  const { createHash } = process.getBuiltinModule('node:crypto');
  const mark = join(directory, `told-${createHash('sha256').update(error).digest('hex').slice(0, 16)}`);
  try {
    closeSync(openSync(mark, 'wx', 0o600));
    return true;
  } catch {
    return isOld(mark);
  }
}

/** Also of a mark that cannot be looked at: better twice than never. */
function isOld(mark: string): boolean {
  try {
    const now = Date.now();
    if (now - statSync(mark).mtimeMs < TOLD_FOR_MS) return false;
    utimesSync(mark, now / 1000, now / 1000);
  } catch {
    // Told twice, then.
  }
  return true;
}
