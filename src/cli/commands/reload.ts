import type { CanaryShare, OnDoubt } from '../../contract/canary.ts';
import { UsageError } from '../../errors.ts';
import { checkText } from '../../options/check.ts';
import { optionRows } from '../../options/table.ts';
import type { OperationCommand } from '../operation-command.ts';
import type { VerbLine, VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  flags: { json: 'Print the outcome as JSON, for programs.' },
  values: {
    canary: { value: 'n|n%', about: 'Replace so many first, and compare.' },
    watch: { value: 'time', about: 'How long both are compared, such as 5m.' },
    'on-doubt': { value: 'what', about: 'With too little traffic: rollback, continue.' },
  },
};

export const reload: OperationCommand<'reload'> = {
  hasAll: true,
  shape,
  help: `\
The new workers boot beside the old ones and take over their sockets, so no
connection is refused or reset. If a new worker does not become ready, the old
ones keep serving, and prefork prints what the new one wrote to stderr.

With --canary a few workers are replaced first, and those that they replace
are parked. If the new generation turns out worse within the watch, the parked
workers take their slots back, and prefork exits with 1 and the figures of
both. Otherwise the other workers are replaced too. prefork promote and
prefork rollback end the watch at once. What is not given is as the server's
own --canary, --canary-watch and --on-doubt say; --canary 0 is a reload
without a canary. --all reloads one server after the other, and goes on when
one has failed.`,
  target: (line) => {
    const canary = valueOf(line, 'canary', 'canary') as CanaryShare | undefined;
    const watch = valueOf(line, 'watch', 'canaryWatch') as number | undefined;
    const onDoubt = valueOf(line, 'on-doubt', 'onDoubt') as OnDoubt | undefined;
    if (canary === 0 && watch !== undefined) throw new UsageError('reload: --watch is for a canary, and --canary is 0');
    return {
      ...(canary !== undefined && { canary }),
      ...(watch !== undefined && { watch }),
      ...(onDoubt !== undefined && { onDoubt }),
    };
  },
};

/** Parses a value by the same rules as the server's option `option`. */
function valueOf({ values }: VerbLine, name: string, option: 'canary' | 'canaryWatch' | 'onDoubt'): unknown {
  const text = values.get(name);
  return text === undefined ? undefined : checkText(optionRows[option], `--${name}`, text);
}
