/** The command `npm run bench`. Exit codes: 0 done, 1 something failed or is worse than the baseline, 2 usage. */

import { actsOf } from './acts.ts';
import { check } from './check.ts';
import { compare } from './compare.ts';
import { forecast, minutes, total } from './forecast.ts';
import { lineUp } from './lineup.ts';
import { merge } from './merge.ts';
import { help, parseOptions, ROUNDS, UsageError } from './options.ts';
import { isApart, publish } from './publish.ts';
import { printReport } from './report/terminal.ts';
import { keep, readResults, type Results } from './results.ts';
import { scenarios as allScenarios } from './scenarios/index.ts';
import { choose, type Chosen, type Present, whoIsHere } from './selection.ts';
import { measureAll } from './session.ts';
import { summarise } from './summary.ts';

const PUBLISHABLE =
  '--publish takes a whole run, all scenarios and systems; or a scenario that is published by itself, with all of its systems';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

export async function main(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const options = parseOptions(args);
  if (options.help) return (say(help), 0);
  if (options.compare) return compare(readResults(options.files[0]!), readResults(options.files[1]!), say);
  if (options.merge) {
    const merged = merge(options.files.map(readResults));
    say(`kept as ${keep(merged)}`);
    return work(merged, options.publish);
  }
  if (options.from !== undefined) return work(readResults(options.from), options.publish);
  if (process.platform !== 'linux') {
    say("The bench reads the kernel's accounts in /proc and runs on Linux only.");
    return 2;
  }
  const chosen = choose(options);
  if (options.publish && chosen.partial && !chosen.apart) throw new UsageError(PUBLISHABLE);
  const present = await whoIsHere(chosen.systems);
  if (options.list) return (await list(present, chosen), 0);
  const results = await measureAll(options, chosen, present, started, say);
  const file = keep(results);
  const summary = summarise(results);
  printReport(summary, say);
  say(`\nkept as ${file}`);
  if (options.publish) await publish(results, say);
  const worse = options.check ? check(summary, say) : 0;
  return results.missing.some(({ failed }) => failed) ? 1 : worse;
}

/** Prints, and publishes, what was measured before. */
async function work(results: Results, publishes: boolean): Promise<number> {
  printReport(summarise(results), say);
  if (publishes && results.partial && !isApart(results)) throw new UsageError(PUBLISHABLE);
  if (publishes) await publish(results, say);
  return 0;
}

async function list({ able, unable }: Present, { scenarios, named }: Chosen): Promise<void> {
  say('scenarios');
  for (const { name, title } of allScenarios) say(`  ${name.padEnd(24)} ${title}`);
  say('systems');
  for (const { name, title, how } of able) say(`  ${name.padEnd(24)} ${title}: ${how}`);
  for (const { system, why } of unable) say(`  ${system.padEnd(24)} not here: ${why}`);
  const { takesPart } = await lineUp(scenarios, able, named);
  const lengths = { quick: false, seconds: undefined };
  say(`${ROUNDS} rounds take about ${minutes(total(forecast(actsOf(scenarios), ROUNDS, takesPart, lengths)))}`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`bench: ${error.message}\n`);
  process.exitCode = 2;
}
