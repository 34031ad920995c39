/** Says what root may read again while the server runs. */
import process from 'node:process';
import { UsageError } from '../errors.ts';
import type { ConfigText, Launch } from '../options/index.ts';
import { partOfOthers } from './writable.ts';

interface FileText {
  readonly file: string;
  readonly text: string;
}

/**
 * Refuses a file that was changed since root has read it, where another user may have done that. At the start root chose to
 * read it. A reload must not let that user choose what root runs, nor in which environment: workers that start as root may
 * give up its rights later, and are then such a user's.
 *
 * @param file undefined when there is none.
 * @param known the files as they were read before. The same text elsewhere is no change.
 * @throws UsageError when this process is root's, and the file is not root's alone.
 */
function refuseFilesOfOthers(
  file: FileText | undefined,
  ...known: ReadonlyArray<Pick<FileText, 'text'> | undefined>
): void {
  if (file === undefined || process.geteuid?.() !== 0 || known.some((one) => one?.text === file.text)) return;
  const part = partOfOthers(file.file);
  if (part === undefined) return;
  throw new UsageError(
    `${file.file}: it has changed or moved, and root does not read it again, because ${part} is not root's alone: give it to root, or restart the server`,
  );
}

/**
 * Refuses such a config file. Code has to be the same file as well: what it imports is beside it, and node itself reads a
 * file of another path again.
 *
 * @throws UsageError
 */
export function refuseConfigOfOthers(read: ConfigText, before: Launch): void {
  const { config } = before;
  refuseFilesOfOthers(read, read.isCode && config?.file !== read.file ? undefined : config);
}

/**
 * Refuses what a launch has read of others anew, as above.
 *
 * @throws UsageError
 */
export function refuseVariablesOfOthers(next: Launch, before: Launch): Launch {
  for (const file of next.envFiles) refuseFilesOfOthers(file, ...before.envFiles);
  return next;
}

/**
 * Refuses a config file that is code, where root would only look at it, and another user could have written it.
 *
 * @throws UsageError
 */
export function refuseCodeOfOthers({ file, isCode }: ConfigText): void {
  if (!isCode || process.geteuid?.() !== 0) return;
  const part = partOfOthers(file);
  if (part === undefined) return;
  throw new UsageError(
    `${file}: root does not run it, because ${part} is not root's alone: run the command as the user of the application`,
  );
}
