/**
 * The directory of Node's compile cache, for `--compile-cache`. What is in it is code: a user who can write there can run
 * code in the workers. So it has to belong to the user of the workers, who is the user of this process by now. No other
 * user but root may be able to change it, or the way to it.
 */
import { mkdirSync, statSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { canOthersWrite, octal, resolved, userId, whyNotTrusted } from '../../files/trust.ts';
import { UsageError } from '../../errors.ts';

const OWNER_ONLY = 0o700;

/** Whether this Node can write the cache when a worker has booted, and not only when it ends (22.10 and newer). */
export function canWarm(): boolean {
  return 'flushCompileCache' in process.getBuiltinModule('node:module');
}

/**
 * Creates the directory, where there is none.
 *
 * @returns its path, without links.
 * @throws UsageError when it cannot be created, or another user could change what is in it.
 */
export function prepareCompileCache(directory: string): string {
  const path = ensure(resolve(directory));
  const stats = statSync(path);
  if (stats.uid !== userId()) throw refusal(`${path} belongs to another user (uid ${stats.uid})`);
  // A sticky directory would keep others from replacing files, but not from adding some.
  if (canOthersWrite(stats))
    throw refusal(`other users can write to ${path} (mode ${octal(stats.mode)}): chmod go-w it`);
  return path;
}

/**
 * Creates what is missing of the path, one directory after another, each in one that only this user and root can change. A
 * link that another user puts in the place of a missing one is an error, and is not followed.
 */
function ensure(path: string): string {
  const there = resolved(path);
  const real = there ?? join(ensure(dirname(path)), basename(path));
  if (there === undefined) create(real);
  const fault = whyNotTrusted(real);
  if (fault !== undefined) throw refusal(fault);
  return real;
}

function create(path: string): void {
  try {
    mkdirSync(path, { mode: OWNER_ONLY });
  } catch (cause) {
    throw refusal(`${path} cannot be created: ${(cause as Error).message}`, cause);
  }
}

function refusal(why: string, cause?: unknown): UsageError {
  return new UsageError(
    `--compile-cache: expected a directory that only the user of the workers can change, but ${why}`,
    {
      cause,
    },
  );
}
