import { resolve } from 'node:path';
import { UsageError } from '../../errors.ts';
import { rowOf, type AskedKind, type AskedTargets } from '../../contract/operations.ts';
import { findServer, type Operations } from '../../control/client.ts';
import { comparisonOf, doneFields, perform, performAsJson, printDone } from '../operation.ts';
import type { OperationCommand } from '../operation-command.ts';
import { print } from '../print.ts';
import { allServers, performAll } from '../servers/perform-all.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, readNumber, type ValueShape, type VerbLine, type VerbShape } from '../verb-line.ts';
import { reload } from './reload.ts';
import { scale } from './scale.ts';
import { upgrade } from './upgrade.ts';

/** The commands whose arguments need parsing, or whose help says more than the operation's row. */
const commands: { readonly [Kind in AskedKind]?: OperationCommand<Kind> } = { reload, scale, upgrade };

/** `prefork <operation>` returns when the operation is done. */
export function operationVerb(kind: AskedKind): (argv: readonly string[]) => Promise<number> {
  const { shape: own = {}, help, target, fields = doneFields, hasAll } = commands[kind] ?? plainCommand(kind);
  const shape: VerbShape = hasAll
    ? { ...own, flags: { ...own.flags, all: 'Ask every server for it, one by one.' } }
    : own;
  const path: keyof Operations = `/${kind}`;
  return async (argv) => {
    const line = parseVerbLine(argv, shape);
    if (line.help) {
      print(verbHelp(kind, shape, help));
      return 0;
    }
    // A wrong argument is reported before the command looks for a server.
    const asked = target(line);
    if (line.flags.has('all')) {
      if (line.name !== undefined) throw new UsageError('expected either --all or a name');
      if (line.flags.has('json')) throw new UsageError('expected either --all or --json');
      return performAll(kind, await allServers(), (server, patience) => perform(server, path, asked, patience));
    }
    const server = await findServer(line.name);
    if (line.flags.has('json')) return performAsJson(server, path, asked);
    const done = await perform(server, path, asked);
    const table = comparisonOf(done);
    if (table.length > 0) print(`${table.join('\n')}\n`);
    printDone(kind, fields(done));
    return 0;
  };
}

const valueOf = { integer: 'n', path: 'path', true: 'true', choice: 'word', share: 'n|n%' } as const;

/** The command of an operation that has no file: each field of its row becomes an option with a value. */
function plainCommand<Kind extends AskedKind>(kind: Kind): OperationCommand<Kind> {
  const { fields = {}, about = '' } = rowOf(kind);
  const values: Record<string, ValueShape> = {};
  for (const [name, { type }] of Object.entries(fields)) {
    values[name] = { value: valueOf[type], about: `The ${name} of the operation.` };
  }
  const target = (line: VerbLine): AskedTargets[Kind] => {
    const given = Object.entries(fields).filter(([name]) => line.values.has(name));
    const read = given.map(([name, field]) => {
      if (field.type === 'true') return [name, true] as const;
      if (field.type === 'path') return [name, resolve(line.values.get(name)!)] as const;
      if (field.type !== 'integer') return [name, line.values.get(name)!] as const;
      return [name, readNumber(line, name, { min: field.min, max: field.max, preset: field.min })] as const;
    });
    return Object.fromEntries(read) as AskedTargets[Kind];
  };
  return { shape: { values }, help: about, target };
}
