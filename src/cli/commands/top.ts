import { findServer } from '../../control/client.ts';
import { UsageError } from '../../errors.ts';
import { quote } from '../../options/quote.ts';
import { LONGEST_TIME, parseTime } from '../../options/time.ts';
import { colorizeFor } from '../colors.ts';
import { print } from '../print.ts';
import { Feed } from '../top/feed.ts';
import { plainFrame } from '../top/frame.ts';
import type { History } from '../top/history.ts';
import { jsonLine } from '../top/json.ts';
import { printFrames } from '../top/lines.ts';
import { Live } from '../top/live.ts';
import { sparksFor } from '../top/sparkline.ts';
import type { Style } from '../top/table.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  flags: { json: 'One object a line, for programs: see docs/inspecting.md.' },
  values: { interval: { value: 'time', about: 'Between two looks, from 100ms on. Default: 1s.' } },
};

const help = `\
cpu is in cores, loop how busy the event loop is, mem the resident memory; the
line at the right shows how requests a second went. "0 new" is the worker that
is to take slot 0 over, "0 old" one that finishes and leaves. The figures come
from the primary: a worker that hangs does not hold them up. Keys: see ?.
Without a terminal it prints a table each time, until the server is gone.`;

const SHORTEST_INTERVAL = 100;
const USUAL_INTERVAL = 1000;

/** Of a table that goes to a file or a pipe. */
const USUAL_WIDTH = 80;

/** `prefork top` */
export async function top(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  const { stdout, env } = process;
  if (line.help) {
    print(verbHelp('top', shape, help));
    return 0;
  }
  const interval = parseInterval(line.values.get('interval'));
  const feed = new Feed(await findServer(line.name));
  const style: Style = { color: colorizeFor(stdout, env), sparks: sparksFor(env) };
  const isJson = line.flags.has('json');
  if (stdout.isTTY && !isJson && env['TERM'] !== 'dumb') {
    await new Live({ feed, interval, style }).run();
    // What was asked of the server goes on, and nobody is to wait for its answers.
    process.exit(0);
  }
  const asText = (history: History): string => plainFrame(history, USUAL_WIDTH, style);
  const asJson = (history: History): string => jsonLine(history, new Date());
  await printFrames({ feed, interval, render: isJson ? asJson : asText, output: stdout });
  return 0;
}

function parseInterval(text: string | undefined): number {
  if (text === undefined) return USUAL_INTERVAL;
  const interval = parseTime(text);
  if (interval !== undefined && interval >= SHORTEST_INTERVAL && interval <= LONGEST_TIME) return interval;
  throw new UsageError(`--interval: expected a time from 100ms on, such as 1s, got ${quote(text)}`);
}
