#!/usr/bin/env node
/**
 * The `prefork` command. A command that comes first needs nothing of what starts a server, which is most of the text: either is
 * loaded without the other.
 */
import { isVerb } from './cli/verbs.ts';

async function run([first, ...rest]: readonly string[]): Promise<number> {
  // `dev` starts a server, and only the whole line tells what stands before a command.
  if (isVerb(first) && first !== 'dev') return (await import('./cli/run-verb.ts')).runVerb(first, rest);
  return (await import('./cli/main.ts')).main(process.argv.slice(2));
}

void run(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
