import { findServer } from '../../control/client.ts';
import { UsageError } from '../../errors.ts';
import { quote } from '../../options/quote.ts';
import { LONGEST_TIME_MS, parseTime } from '../../options/values/time.ts';
import { colorizeFor } from '../colors.ts';
import { print } from '../print.ts';
import { overviewJson } from '../servers/live-figures.ts';
import { Looks } from '../servers/looks.ts';
import { Overview } from '../servers/overview.ts';
import { overviewText } from '../servers/overview-frame.ts';
import { Feed } from '../top/feed.ts';
import { plainFrame } from '../top/frame.ts';
import type { History } from '../top/history.ts';
import { jsonLine } from '../top/json.ts';
import { framesOf, printFrames } from '../top/lines.ts';
import { Live } from '../top/live.ts';
import { sparksFor } from '../top/sparkline.ts';
import type { Style } from '../top/table.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  flags: {
    json: 'Print JSON, an object a line: see docs/inspecting.md.',
    all: "Show every server, a line each; root's table has those of all users.",
  },
  values: { interval: { value: 'time', about: 'Time between updates, at least 100ms. Default: 1s.' } },
};

const help = `\
cpu is in cores, loop is how busy the event loop is, mem the resident memory;
the line at the right shows the history of requests a second. "0 new" is the worker
that will take over slot 0, "0 old" one that finishes and leaves. The figures
come from the primary, so a worker that hangs does not hold them up. Press ? for
the keys. Without a terminal, top prints tables until the server is gone. With
--all, a server that does not answer is in the table, too.`;

const SHORTEST_INTERVAL_MS = 100;
const USUAL_INTERVAL_MS = 1000;

/** The width of a table that goes to a file or a pipe. */
const USUAL_WIDTH = 80;

/** `prefork top [--json] [--all]` shows the workers of a server live, or all servers. */
export async function top(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  const { stdout, env } = process;
  if (line.help) {
    print(verbHelp('top', shape, help));
    return 0;
  }
  const interval = parseInterval(line.values.get('interval'));
  const isJson = line.flags.has('json');
  if (line.flags.has('all')) {
    if (line.name !== undefined) throw new UsageError('expected either --all or a name');
    return topAll(interval, isJson);
  }
  const feed = new Feed(await findServer(line.name));
  const style: Style = { color: colorizeFor(stdout, env), sparks: sparksFor(env) };
  if (hasScreen(isJson)) {
    await new Live({ feed, interval, style }).run();
    // An operation that was asked for goes on in the server. The user who quits does not want to wait for its answer.
    process.exit(0);
  }
  const asText = (history: History): string => plainFrame(history, USUAL_WIDTH, style);
  const asJson = (history: History): string => jsonLine(history, new Date());
  await printFrames({ next: framesOf(feed, isJson ? asJson : asText), interval, output: stdout });
  return 0;
}

/** Shows all servers. Without a terminal it ends only when its reader does, since servers come and go. */
async function topAll(interval: number, isJson: boolean): Promise<number> {
  const looks = new Looks();
  const color = colorizeFor(process.stdout, process.env);
  if (hasScreen(isJson)) {
    await new Overview({ look: () => looks.look(), interval, color }).run();
    process.exit(0);
  }
  const next = async (): Promise<string> => {
    const servers = await looks.look();
    return isJson ? overviewJson(servers, new Date()) : overviewText(servers, color);
  };
  await printFrames({ next, interval, output: process.stdout });
  return 0;
}

function hasScreen(isJson: boolean): boolean {
  return process.stdout.isTTY && !isJson && process.env['TERM'] !== 'dumb';
}

function parseInterval(text: string | undefined): number {
  if (text === undefined) return USUAL_INTERVAL_MS;
  const interval = parseTime(text);
  if (interval !== undefined && interval >= SHORTEST_INTERVAL_MS && interval <= LONGEST_TIME_MS) return interval;
  throw new UsageError(`--interval: expected a time of at least 100ms, such as 1s, got ${quote(text)}`);
}
