import { findServer } from '../../control/client.ts';
import { doneFields, perform, printDone } from '../operation.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine } from '../verb-line.ts';

const help = `\
A new primary, of the prefork and node that are installed now, inherits the
listening sockets and boots its own workers. The old ones then finish what is in
flight and leave. If the new one fails, the old one goes on as before.`;

/** `prefork upgrade`: returns when the new primary serves. */
export async function upgrade(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, {});
  if (line.help) print(verbHelp('upgrade', {}, help));
  else printDone('upgrade', doneFields(await perform(await findServer(line.name), '/upgrade', {})));
  return 0;
}
