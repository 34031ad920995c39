import type { OperationCommand } from '../operation-command.ts';

export const reload: OperationCommand<'reload'> = {
  help: `\
The new workers boot beside the old ones and take their sockets over: no
connection is refused or reset. When a new worker does not become ready, the
old ones go on serving, and what it wrote to stderr is printed.`,
  target: () => ({}),
};
