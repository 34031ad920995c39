import { everyServer } from '../../control/client.ts';
import { colorizeFor } from '../colors.ts';
import { print } from '../print.ts';
import { readableStatus } from '../readable.ts';
import { listJson, listText } from '../servers/list-text.ts';
import { figuresOf } from '../servers/server-figures.ts';
import { survey } from '../servers/survey.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = { isNameless: true, flags: { json: 'Print JSON, for programs: see docs/control.md.' } };

const help = `\
workers says how many serve, of how many there should be; mem is the resident
memory of all workers. Root's list has the servers of all users. A server that
does not answer is in it, too.`;

/** `prefork list [--json]` prints a line for each server. */
export async function list(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('list', shape, help));
    return 0;
  }
  const servers = await survey(await everyServer(), async (server, within) =>
    figuresOf(await readableStatus(server, within)),
  );
  if (line.flags.has('json')) print(listJson(servers));
  else if (servers.length === 0) print('no server is running\n');
  else print(listText(servers, colorizeFor(process.stdout, process.env)));
  return 0;
}
