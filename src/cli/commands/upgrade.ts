import { resolve } from 'node:path';
import type { OperationCommand } from '../operation-command.ts';
import type { VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  values: {
    node: { value: 'path', about: 'The node to run it. Default: the one that runs this.' },
  },
};

const help = `\
A new primary, of the prefork and node that are installed now, inherits the
listening sockets and boots its own workers. The old ones then finish what is in
flight and leave. If the new one fails, the old one goes on as before.`;

export const upgrade: OperationCommand<'upgrade'> = {
  shape,
  help,
  target: ({ values }) => {
    const node = values.get('node');
    // Root's own node may be closed to the server's user, who then takes the one that it has.
    return node === undefined ? { preferNode: process.execPath } : { node: resolve(node) };
  },
};
