/** Reads what a config file says, and turns whatever goes wrong in there into one line with the place. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../errors.ts';
import { quote } from './quote.ts';

/** The value of a JSON file. */
export function parseConfig(file: string): unknown {
  let text = '';
  try {
    // Editors on Windows begin files with a byte order mark.
    text = readFileSync(file, 'utf8').replace(/^\uFEFF/, '');
    return JSON.parse(text);
  } catch (error) {
    throw brokenConfig(file, error, jsonErrorLine(text, error as Error));
  }
}

/** The value of a module's default export, or of the function that it is. */
export async function importConfig(file: string): Promise<unknown> {
  try {
    const { default: exported } = (await import(pathToFileURL(file).href)) as { default?: unknown };
    return typeof exported === 'function' ? await (exported as () => unknown)() : exported;
  } catch (error) {
    // Tried first all the same: where a loader such as tsx is in place, every Node reads TypeScript.
    if (extname(file) === '.ts' && (error as NodeJS.ErrnoException | null)?.code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      throw new UsageError(
        `${basename(file)}: expected Node 22.18 or later, which reads TypeScript, got ${process.versions.node}`,
        { cause: error },
      );
    }
    throw brokenConfig(file, error, stackLine(file, error) ?? syntaxErrorLine(file, error));
  }
}

function brokenConfig(file: string, error: unknown, line: string | undefined): UsageError {
  const place = line === undefined ? basename(file) : `${basename(file)}:${line}`;
  const [message] = (error instanceof Error ? String(error) : quote(error)).split('\n', 1);
  return new UsageError(`${place}: ${message}`, { cause: error });
}

/** Where V8 says `at position 12`. Later ones add the line themselves, and name no place at all at the file's end. */
function jsonErrorLine(text: string, { message }: Error): string | undefined {
  const position = / at position (\d+)/.exec(message)?.[1];
  return position === undefined ? undefined : String(text.slice(0, Number(position)).split('\n').length);
}

/** The line of the file that threw, or that called what threw. */
function stackLine(file: string, error: unknown): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const place of [pathToFileURL(file).href, file]) {
    const start = stack.indexOf(`${place}:`);
    const line = start === -1 ? undefined : /^\d+/.exec(stack.slice(start + place.length + 1))?.[0];
    if (line !== undefined) return line;
  }
  return undefined;
}

/** The place of a syntax error in an ES module is not in its stack: Node keeps it for what it prints. So have it print. */
function syntaxErrorLine(file: string, error: unknown): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8', timeout: 5000 });
  return /^\S.*:(\d+)$/m.exec(stderr ?? '')?.[1];
}
