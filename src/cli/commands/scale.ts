import type { ScaleTarget } from '../../contract/operations.ts';
import { UsageError } from '../../errors.ts';
import { duration } from '../../format/duration.ts';
import { quote } from '../../options/quote.ts';
import { optionTable } from '../../options/table.ts';
import type { OperationCommand } from '../operation-command.ts';
import type { VerbShape } from '../verb-line.ts';

const { min, max } = optionTable.workers;

const shape: VerbShape = { argument: `a whole number from ${min} to ${max}, or +n or -n` };

const help = `\
prefork scale 8 runs 8 workers, scale +2 two more than now, scale -1 one fewer.
Workers that are too many finish what is in flight.`;

export const scale: OperationCommand<'scale'> = {
  shape,
  help,
  target: ({ argument }) => parseTarget(argument),
  fields: ({ workers, took }) => ({ workers, in: duration(took) }),
};

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
