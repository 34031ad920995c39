import { findServer, readStatus, type RunningServer } from '../../control/client.ts';
import { exitCodes, UsageError } from '../../errors.ts';
import { colorizeFor } from '../colors.ts';
import { complain, print } from '../print.ts';
import { readableStatus } from '../readable.ts';
import { allServers } from '../servers/perform-all.ts';
import { survey } from '../servers/survey.ts';
import { statusText } from '../status-text.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  flags: {
    json: 'Print JSON, for programs: see docs/control.md.',
    all: 'Show every server; with --json, in an array.',
  },
};

const help = `\
loop is how busy a worker's event loop is, mem its resident memory; "0 new" is
the worker that will take over slot 0, "0 old" one that finishes and leaves.`;

/** `prefork status [--json] [--all]` prints the state of a server, or of all. */
export async function status(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('status', shape, help));
    return 0;
  }
  const isJson = line.flags.has('json');
  if (line.flags.has('all')) {
    if (line.name !== undefined) throw new UsageError('expected either --all or a name');
    return showAll(await allServers(), isJson);
  }
  const server = await findServer(line.name);
  print(isJson ? jsonText(await readStatus(server)) : await textOf(server));
  return 0;
}

/** Shows the servers that answer, and names the others. */
async function showAll(servers: readonly RunningServer[], isJson: boolean): Promise<number> {
  const shown: string[] = [];
  let exitCode = 0;
  // Each becomes text for itself: one that cannot be made text counts as no answer, and hides no other.
  const asJson = async (server: RunningServer, within: number): Promise<string> =>
    jsonText(await readStatus(server, within));
  for (const { answer, reason } of await survey(servers, isJson ? asJson : textOf)) {
    if (reason === undefined) shown.push(answer);
    else {
      complain(reason);
      exitCode = exitCodes.ERR_NO_ANSWER.exitCode;
    }
  }
  print(isJson ? arrayText(shown) : shown.join('\n'));
  return exitCode;
}

async function textOf(server: RunningServer, patience?: number): Promise<string> {
  return statusText(await readableStatus(server, patience), Date.now(), colorizeFor(process.stdout, process.env));
}

function jsonText(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** Makes an array of values that are JSON, in lines, already. */
function arrayText(values: readonly string[]): string {
  if (values.length === 0) return '[]\n';
  return `[\n${values.map((value) => value.trimEnd().replaceAll(/^/gm, '  ')).join(',\n')}\n]\n`;
}
