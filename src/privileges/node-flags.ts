/** What node was told to load before any program, by its flags and NODE_OPTIONS: root runs that, too. */
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** With a module, or a file that has flags and variables for node itself. */
const LOADING =
  /^(?:-r|--(?:require|import|loader|experimental-loader|env-file|env-file-if-exists|experimental-config-file|openssl-config))(?:=(.*))?$/s;

/** NODE_OPTIONS is split at spaces; those in double quotes stay, where a backslash takes the next character as it is. */
const WORD = /(?:"(?:[^"\\]|\\.)*"|[^ "])+/gs;

/** @param cwd what relative paths are relative to. @returns the absolute paths; a package that is not there has none. */
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
    // As require does: without its extension, and in node_modules.
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
