/** Says what root may read again while the server runs. */
import { statSync } from 'node:fs';
import process from 'node:process';
import { UsageError } from '../errors.ts';
import type { ConfigText, Launch, LoadedConfig } from '../options/index.ts';
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
  if (part !== undefined) throw changed(file.file, part);
}

function changed(file: string, part: string): UsageError {
  return new UsageError(
    `${file}: it has changed or moved, and root does not read it again, because ${part} is not root's alone: give it to root, or restart the server`,
  );
}

/**
 * Refuses such a config file. Code is run again only where it, and what is loaded with it, is root's alone: its text says
 * nothing of the modules that it requires, and node opens the file once more, when another user may have changed it.
 *
 * @returns the config that stays, since it is unchanged and is not run again; undefined where the file counts anew.
 * @throws UsageError
 */
export function refuseConfigOfOthers(read: ConfigText, before: Launch): LoadedConfig | undefined {
  const { config } = before;
  if (!read.isCode) {
    refuseFilesOfOthers(read, config);
    return undefined;
  }
  if (process.geteuid?.() !== 0) return undefined;
  const part = firstOfOthers([read.file, ...read.modules]);
  if (part === undefined) return undefined;
  // Code of another path would have other modules beside it.
  if (config?.file !== read.file || config.text !== read.text) throw changed(read.file, part);
  const module = read.modules.find(hasChanged);
  if (module !== undefined) throw changed(module, part);
  return config;
}

/** Whether a file was written since this process has started, as far as its owner tells. Then the config may have other values. */
function hasChanged(file: string): boolean {
  return (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > performance.timeOrigin;
}

function firstOfOthers(files: readonly string[]): string | undefined {
  for (const file of files) {
    const part = partOfOthers(file);
    if (part !== undefined) return part;
  }
  return undefined;
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
export function refuseCodeOfOthers({ file, isCode }: ConfigText): undefined {
  if (!isCode || process.geteuid?.() !== 0) return;
  const part = partOfOthers(file);
  if (part === undefined) return;
  throw new UsageError(
    `${file}: root does not run it, because ${part} is not root's alone: run the command as the user of the application`,
  );
}
