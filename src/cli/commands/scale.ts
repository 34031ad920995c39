import type { ScaleTarget } from '../../contract/operations.ts';
import { UsageError } from '../../errors.ts';
import { duration } from '../../format/duration.ts';
import { quote } from '../../options/quote.ts';
import { optionTable } from '../../options/table.ts';
import type { OperationCommand } from '../operation-command.ts';
import type { VerbShape } from '../verb-line.ts';

const { min, max } = optionTable.workers;

const shape: VerbShape = { argument: `a whole number from ${min} to ${max}, +n, -n or auto` };

const help = `\
prefork scale 8 runs 8 workers; scale +2 runs two more than now, scale -1 one
fewer. A worker that is no longer needed finishes its requests first. This
pauses autoscaling (--workers <min>..<max>), and scale auto resumes it.`;

export const scale: OperationCommand<'scale'> = {
  shape,
  help,
  target: ({ argument }) => parseTarget(argument),
  fields: ({ workers, took }) => ({ workers, in: duration(took) }),
};

function parseTarget(text: string | undefined): ScaleTarget {
  if (text === 'auto') return { auto: true };
  const [, sign, digits] = /^([+-]?)(\d{1,6})$/.exec(text ?? '') ?? [];
  const number = Number(digits);
  // `+0` would only be a question, and `status` answers that.
  if (digits === undefined || number < min || number > max) {
    throw new UsageError(`scale: expected ${shape.argument}${text === undefined ? '' : `, got ${quote(text)}`}`);
  }
  if (sign === '') return { workers: number };
  return { by: sign === '-' ? -number : number };
}
