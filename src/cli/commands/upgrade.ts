import { resolve } from 'node:path';
import type { OperationCommand } from '../operation-command.ts';
import type { VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  values: {
    node: { value: 'path', about: 'The node that runs it. Default: the node of this command.' },
  },
};

const help = `\
A new primary, run by the prefork and node that are installed now, inherits the
listening sockets and boots its own workers. The old workers then finish what is
in flight and leave. If the new primary fails, the old one carries on as before.`;

export const upgrade: OperationCommand<'upgrade'> = {
  shape,
  help,
  target: ({ values }) => {
    const node = values.get('node');
    // The server's user may not be able to run root's node. The server then uses its own.
    return node === undefined ? { preferNode: process.execPath } : { node: resolve(node) };
  },
};
