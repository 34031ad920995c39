/** Reads the files of `--env-file`. */
import { resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import { readText } from '../files.ts';
import { quote } from '../quote.ts';

/** A file of variables that was read. */
export interface EnvFile {
  /** The absolute path. */
  readonly file: string;
  readonly text: string;
}

/**
 * Reads the files.
 *
 * @param cwd the directory that relative paths start from.
 * @param read reads a file.
 * @throws UsageError for a file that cannot be read.
 */
export function readEnvFiles(
  files: readonly string[],
  cwd: string,
  read: (file: string) => string = readText,
): EnvFile[] {
  return files.map((given) => {
    const file = resolve(cwd, given);
    try {
      return { file, text: read(file) };
    } catch (error) {
      const { message } = error as Error;
      throw new UsageError(`--env-file: expected a file that can be read, got ${quote(given)}: ${message}`, {
        cause: error,
      });
    }
  });
}

/** Returns the variables. Those of later files win. The format is node's. */
export function variablesOf(files: readonly EnvFile[]): Record<string, string> {
  // The module is loaded here because most servers have no such file, and it costs memory.
  return Object.assign({}, ...files.map(({ text }) => process.getBuiltinModule('node:util').parseEnv(text))) as Record<
    string,
    string
  >;
}
