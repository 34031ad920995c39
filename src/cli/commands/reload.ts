import type { OperationCommand } from '../operation-command.ts';

export const reload: OperationCommand<'reload'> = {
  hasAll: true,
  help: `\
The new workers boot beside the old ones and take over their sockets, so no
connection is refused or reset. If a new worker does not become ready, the old
ones keep serving, and prefork prints what the new one wrote to stderr. --all
reloads one server after the other, and goes on when one has failed.`,
  target: () => ({}),
};
