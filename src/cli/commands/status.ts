import { findServer, readStatus } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';
import { colorizeFor } from '../colors.ts';
import { statusText } from '../status-text.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = { flags: { json: 'For programs: see docs/control.md.' } };

const help = `\
loop is how busy a worker's event loop is, mem its resident memory; "0 new" is
the worker that is to take slot 0 over, "0 old" one that finishes and leaves.`;

/** Of `Status.version`, what this command can read. */
const READABLE = 1;

/** `prefork status [--json]` */
export async function status(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  process.stdout.write(line.help ? verbHelp('status', shape, help) : await shown(line.name, line.flags.has('json')));
  return 0;
}

async function shown(name: string | undefined, isJson: boolean): Promise<string> {
  const server = await findServer(name);
  const answer = await readStatus(server);
  if (isJson) return `${JSON.stringify(answer, undefined, 2)}\n`;
  if ((answer.version as number) !== READABLE) {
    throw new PreforkError(
      'ERR_NO_ANSWER',
      `${server.name} runs prefork ${answer.prefork}, whose status this one cannot read: use --json`,
    );
  }
  return statusText(answer, Date.now(), colorizeFor(process.stdout, process.env));
}
