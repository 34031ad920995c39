/** The commands that change a server share this: they wait for the outcome and print one line. */
import { PreforkError } from '../errors.ts';
import { operate, type Operations, type RunningServer } from '../control/client.ts';
import type { Comparison } from '../contract/canary.ts';
import { fieldsOf } from '../contract/fields.ts';
import type { Outcome } from '../contract/outcome.ts';
import { duration } from '../format/duration.ts';
import { printable, printableValue, withoutSequences } from '../format/printable.ts';
import { comparisonLines } from './comparison-text.ts';
import { complain, print } from './print.ts';
import { readableStatus } from './readable.ts';
import { talkMeanwhile } from './waiting.ts';

/** The number of figures that are compared, and the length of their names, are far smaller. */
const MOST_FIGURES = 256;
const LONGEST_WORD = 200;

export type Done = Extract<Outcome, { ok: true }>;

/**
 * Asks the server for an operation and waits for its outcome.
 *
 * @param patience see `operate`.
 * @throws PreforkError `ERR_NOT_DONE`, with the failed worker's last output on further lines, and all that `operate`
 *   throws
 */
export async function perform<Path extends keyof Operations>(
  server: RunningServer,
  path: Path,
  body: Operations[Path],
  patience?: number,
): Promise<Done> {
  const hush = process.stderr.isTTY ? talkMeanwhile(() => readableStatus(server), complain) : () => {};
  try {
    const outcome = await operate(server, path, body, patience);
    if (outcome.ok) return outcome;
    const stderr = withoutSequences(outcome.stderr ?? '').trimEnd();
    const table = comparisonOf(outcome).join('\n');
    const further = [stderr, table].filter(Boolean).map((text) => `\n${indented(text)}`);
    throw new PreforkError('ERR_NOT_DONE', `${path.slice(1)} failed: ${printable(outcome.reason)}${further.join('')}`);
  } finally {
    hush();
  }
}

/**
 * Asks the server for an operation, and prints the outcome as JSON.
 *
 * @returns the exit code.
 */
export async function performAsJson<Path extends keyof Operations>(
  server: RunningServer,
  path: Path,
  body: Operations[Path],
): Promise<number> {
  const outcome = await operate(server, path, body);
  print(`${JSON.stringify(outcome)}\n`);
  return outcome.ok ? 0 : 1;
}

/** How the generations of a canary compared, as lines. A newer server may say it otherwise, and a hostile one anything. */
export function comparisonOf({ comparison }: Outcome): string[] {
  return isComparison(comparison) ? comparisonLines(printableValue(comparison)) : [];
}

function isComparison(value: unknown): value is Comparison {
  const { baseline, canary, table } = fieldsOf(value);
  const isTable = Array.isArray(table) && table.length <= MOST_FIGURES && table.every(isRow);
  return isTable && Number.isFinite(baseline) && Number.isFinite(canary);
}

function isRow(value: unknown): boolean {
  const { figure, unit, verdict, baseline, canary, limit } = fieldsOf(value);
  const texts = [figure, unit, verdict];
  const numbers = [baseline, canary, limit];
  return (
    texts.every((one) => typeof one === 'string' && one.length <= LONGEST_WORD) &&
    numbers.every((one) => one === null || Number.isFinite(one))
  );
}

/** Prints a line such as `reload done gen=2 in=412ms`, in the format of the server's own log. */
export function printDone(what: string, fields: Readonly<Record<string, string | number>>): void {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${value}`);
  print(`prefork: ${what} done ${pairs.join(' ')}\n`);
}

export function doneFields({ generation, took }: Done): Record<string, string | number> {
  return { gen: generation, in: duration(took) };
}

/** Indents the application's lines, so that none of them looks like a line of prefork. */
function indented(text: string): string {
  return text.replaceAll(/^/gm, '    ');
}
