import { PreforkError, UsageError } from '../errors.ts';
import { helpText, parseCommandLine, type CommandLine } from '../options/index.ts';
import { version } from '../primary/installation.ts';
import { complain, print } from './print.ts';
import { isVerb, verbs } from './verbs.ts';

/**
 * Runs the command.
 *
 * @param argv the arguments without node and the script.
 * @returns the exit code, see `exitCodes`.
 */
export async function main(argv: string[]): Promise<number> {
  try {
    const line = parseCommandLine(argv);
    // After `--` comes an entry, even when it has the name of a command.
    const before = argv.slice(0, argv.length - line.entryArguments.length - 1);
    if (isVerb(line.entry) && !before.includes('--')) {
      // This command starts a server, and asks none.
      if (line.entry === 'dev') return await main(['--watch', ...before, ...line.entryArguments]);
      const { runVerb } = await import('./run-verb.ts');
      return await runVerb(line.entry, [...before, ...line.entryArguments]);
    }
    if (line.help) print(helpText(version(), Object.values(verbs)));
    else if (line.version) print(`${version()}\n`);
    else return await runEntry(line, line.entry === undefined ? argv : before);
    return 0;
  } catch (error) {
    return report(error);
  }
}

/** Imports the primary only when it is used, because the other commands do without it. */
async function runEntry(line: CommandLine, argv: readonly string[]): Promise<number> {
  const { start } = await import('./commands/start.ts');
  return start(line, argv);
}

/** Prints usage errors. The supervisor has already logged any other error that ended it. */
function report(error: unknown): number {
  if (!(error instanceof PreforkError)) throw error;
  if (error instanceof UsageError) complain(error.message);
  return error.exitCode;
}
