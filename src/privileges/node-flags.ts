/** Lists what node loads before any program because of its flags and NODE_OPTIONS, because root runs that too. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Matches flags that take a module, or a file with flags and variables for node itself. */
const LOADING =
  /^(?:-r|--(?:require|import|loader|experimental-loader|env-file|env-file-if-exists|experimental-config-file|openssl-config))(?:=(.*))?$/s;

/** NODE_OPTIONS is split at spaces, except in double quotes. A backslash there takes the next character as it is. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|[^ "])+/gs;

/**
 * Lists the files of the flags.
 *
 * @param cwd the directory that relative paths start from.
 * @returns the absolute paths; a package that is missing has none.
 */
export function filesOfFlags(
  execArgv: readonly string[],
  nodeOptions: string | undefined,
  cwd: string = process.cwd(),
): string[] {
  const words = (nodeOptions ?? '').match(WORD) ?? [];
  return [execArgv, words.map(unquoted)].flatMap((flags) =>
    flags.flatMap((flag, at) => {
      const match = LOADING.exec(flag);
      const value = match === null ? undefined : (match[1] ?? flags[at + 1]);
      return value === undefined || value === '' ? [] : (fileOf(value, cwd) ?? []);
    }),
  );
}

function unquoted(word: string): string {
  return word.replaceAll(/"((?:[^"\\]|\\.)*)"/gs, (_, text: string) => text.replaceAll(/\\(.)/gs, '$1'));
}

function fileOf(value: string, cwd: string): string | undefined {
  try {
    if (value.startsWith('file:')) return fileURLToPath(value);
    const path = resolve(cwd, value);
    // The path is resolved as require does: without its extension, and in node_modules.
    const require = createRequire(resolve(cwd, 'program.js'));
    const isPath = value.startsWith('.') || value === path;
    return found(() => require.resolve(isPath ? path : value)) ?? path;
  } catch {
    return undefined;
  }
}

function found(resolveIt: () => string): string | undefined {
  try {
    return resolveIt();
  } catch {
    return undefined;
  }
}
