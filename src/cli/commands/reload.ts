import { findServer } from '../../control/client.ts';
import { doneFields, perform, printDone } from '../operation.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine } from '../verb-line.ts';

const help = `\
The new workers boot beside the old ones and take over their sockets, so no
connection is refused or reset. If a new worker does not become ready, the old
ones keep serving, and prefork prints what the new one wrote to stderr.`;

/** `prefork reload` returns when the new generation serves. */
export async function reload(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, {});
  if (line.help) print(verbHelp('reload', {}, help));
  else printDone('reload', doneFields(await perform(await findServer(line.name), '/reload', {})));
  return 0;
}
