import { readStatus, type RunningServer } from '../control/client.ts';
import { conforms } from '../control/status/conforms.ts';
import type { Status } from '../control/controls.ts';
import { statusSchema } from '../control/status/status-schema.ts';
import { PreforkError } from '../errors.ts';
import { printableValue } from '../format/printable.ts';

/** Of `Status.version`, what these commands can read. */
const READABLE = 1;

/**
 * For people: what the server says is printable, and of the types that a status has, whoever it is.
 *
 * @throws PreforkError `ERR_NO_ANSWER` when the server has another format, or what it says has none, and what `readStatus` throws.
 */
export async function readableStatus(server: RunningServer, patience?: number): Promise<Status> {
  const status = printableValue(await readStatus(server, patience));
  if ((status.version as number) === READABLE) {
    if (conforms(status, statusSchema)) return status;
    throw new PreforkError('ERR_NO_ANSWER', `${server.name} gave a status that is none`);
  }
  throw new PreforkError(
    'ERR_NO_ANSWER',
    `${server.name} runs prefork ${status.prefork}, whose status this one cannot read: use prefork status --json`,
  );
}
