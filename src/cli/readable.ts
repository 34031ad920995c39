import { readStatus, type RunningServer } from '../control/client.ts';
import type { Status } from '../control/controls.ts';
import { PreforkError } from '../errors.ts';
import { printableValue } from '../printable.ts';

/** Of `Status.version`, what these commands can read. */
const READABLE = 1;

/**
 * For people: what the server says is printable, whoever it is.
 *
 * @throws PreforkError `ERR_NO_ANSWER` when the server has another format, and what `readStatus` throws.
 */
export async function readableStatus(server: RunningServer, patience?: number): Promise<Status> {
  const status = printableValue(await readStatus(server, patience));
  if ((status.version as number) === READABLE) return status;
  throw new PreforkError(
    'ERR_NO_ANSWER',
    `${server.name} runs prefork ${status.prefork}, whose status this one cannot read: use prefork status --json`,
  );
}
