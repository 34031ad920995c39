import { resolve } from 'node:path';
import { findServer } from '../../control/client.ts';
import type { UpgradeTarget } from '../../control/controls.ts';
import { doneFields, perform, printDone } from '../operation.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  values: {
    node: { value: 'path', about: 'The node that runs it. Default: the node of this command.' },
  },
};

const help = `\
A new primary, run by the prefork and node that are installed now, inherits the
listening sockets and boots its own workers. The old workers then finish what is
in flight and leave. If the new primary fails, the old one carries on as before.`;

/** `prefork upgrade` returns when the new primary serves. */
export async function upgrade(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('upgrade', shape, help));
    return 0;
  }
  const node = line.values.get('node');
  // The server's user may not be able to run root's node. The server then uses its own.
  const target: UpgradeTarget = node === undefined ? { preferNode: process.execPath } : { node: resolve(node) };
  printDone('upgrade', doneFields(await perform(await findServer(line.name), '/upgrade', target)));
  return 0;
}
