import { readFileSync } from 'node:fs';
import { PreforkError, UsageError } from '../errors.ts';
import { helpText, parseCommandLine } from '../options/index.ts';
import { start } from './commands/start.ts';

/**
 * Runs the command.
 *
 * @param argv without node and the script.
 * @returns the exit code, see `exitCodes`.
 */
export async function main(argv: string[]): Promise<number> {
  try {
    if (argv[0] === 'doctor') return await (await import('./commands/doctor.ts')).doctor(argv.slice(1));
    const line = parseCommandLine(argv);
    if (line.help) process.stdout.write(helpText(version()));
    else if (line.version) process.stdout.write(`${version()}\n`);
    else await start(line);
    return 0;
  } catch (error) {
    return report(error);
  }
}

/** What the supervisor gave up for it has logged itself; the rest is said here, in one line. */
function report(error: unknown): number {
  if (!(error instanceof PreforkError)) throw error;
  if (error instanceof UsageError) process.stderr.write(`prefork: ${error.message}\n`);
  return error.exitCode;
}

function version(): string {
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}
