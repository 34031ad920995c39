import { resolve } from 'node:path';
import { findServer } from '../../control/client.ts';
import type { UpgradeTarget } from '../../control/controls.ts';
import { doneFields, perform, printDone } from '../operation.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  values: {
    node: { value: 'path', about: 'The node to run it. Default: the one that runs this.' },
  },
};

const help = `\
A new primary, of the prefork and node that are installed now, inherits the
listening sockets and boots its own workers. The old ones then finish what is in
flight and leave. If the new one fails, the old one goes on as before.`;

/** `prefork upgrade`: returns when the new primary serves. */
export async function upgrade(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('upgrade', shape, help));
    return 0;
  }
  const node = line.values.get('node');
  // Root's own node may be closed to the server's user, who then takes the one that it has.
  const target: UpgradeTarget = node === undefined ? { preferNode: process.execPath } : { node: resolve(node) };
  printDone('upgrade', doneFields(await perform(await findServer(line.name), '/upgrade', target)));
  return 0;
}
