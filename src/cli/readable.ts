import { readStatus, type RunningServer } from '../control/client.ts';
import { conforms } from '../control/status/conforms.ts';
import type { Status } from '../control/controls.ts';
import { statusSchema } from '../control/status/status-schema.ts';
import { PreforkError } from '../errors.ts';
import { printableValue } from '../format/printable.ts';

/** The `Status.version` that these commands can read. */
const READABLE = 1;

/**
 * Reads a status for people. The text in it is printable and the values have the types of a status, whatever process
 * answered.
 *
 * @throws PreforkError `ERR_NO_ANSWER` when the server's format is another one, or when the answer does not conform
 *   to it, and what `readStatus` throws.
 */
export async function readableStatus(server: RunningServer, patience?: number): Promise<Status> {
  const status = printableValue(await readStatus(server, patience));
  if ((status.version as number) === READABLE) {
    if (conforms(status, statusSchema)) return status;
    throw new PreforkError('ERR_NO_ANSWER', `${server.name} gave an answer that is not a status`);
  }
  throw new PreforkError(
    'ERR_NO_ANSWER',
    `${server.name} runs prefork ${status.prefork}, whose status this one cannot read: use prefork status --json`,
  );
}
