import { findServer, readStatus } from '../../control/client.ts';
import { colorizeFor } from '../colors.ts';
import { print } from '../print.ts';
import { readableStatus } from '../readable.ts';
import { statusText } from '../status-text.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = { flags: { json: 'Print JSON, for programs: see docs/control.md.' } };

const help = `\
loop is how busy a worker's event loop is, mem its resident memory; "0 new" is
the worker that will take over slot 0, "0 old" one that finishes and leaves.`;

/** `prefork status [--json]` prints the state of a server. */
export async function status(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  print(line.help ? verbHelp('status', shape, help) : await shown(line.name, line.flags.has('json')));
  return 0;
}

async function shown(name: string | undefined, isJson: boolean): Promise<string> {
  const server = await findServer(name);
  if (isJson) return `${JSON.stringify(await readStatus(server), undefined, 2)}\n`;
  return statusText(await readableStatus(server), Date.now(), colorizeFor(process.stdout, process.env));
}
