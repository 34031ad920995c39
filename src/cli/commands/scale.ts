import { UsageError } from '../../errors.ts';
import { findServer } from '../../control/client.ts';
import type { ScaleTarget } from '../../contract/outcome.ts';
import { quote } from '../../options/quote.ts';
import { optionTable } from '../../options/table.ts';
import { duration } from '../../primary/fleet/log-fields.ts';
import { perform, printDone } from '../operation.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const { min, max } = optionTable.workers;

const shape: VerbShape = { argument: `a whole number from ${min} to ${max}, or +n or -n` };

const help = `\
prefork scale 8 runs 8 workers, scale +2 two more than now, scale -1 one fewer.
Workers that are too many finish what is in flight.`;

/** `prefork scale <n|+n|-n>`: returns when there are so many. */
export async function scale(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('scale', shape, help));
    return 0;
  }
  const target = parseTarget(line.argument);
  const { workers, took } = await perform(await findServer(line.name), '/scale', target);
  printDone('scale', { workers, in: duration(took) });
  return 0;
}

function parseTarget(text: string | undefined): ScaleTarget {
  const [, sign, digits] = /^([+-]?)(\d{1,6})$/.exec(text ?? '') ?? [];
  const number = Number(digits);
  // `+0` would be a question, which is what `status` is for.
  if (digits === undefined || number < min || number > max) {
    throw new UsageError(`scale: expected ${shape.argument}${text === undefined ? '' : `, got ${quote(text)}`}`);
  }
  if (sign === '') return { workers: number };
  return { by: sign === '-' ? -number : number };
}
