import { setTimeout as delay } from 'node:timers/promises';
import { MOST_WORKERS } from '../../contract/limits.ts';
import { findAgain, findServer, readLines, type RunningServer } from '../../control/client.ts';
import { systemCode } from '../../contract/system-code.ts';
import type { KeptLines } from '../../control/controls.ts';
import { PreforkError } from '../../errors.ts';
import { complain, print, printOutput } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, readNumber, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = {
  flags: {
    follow: 'Print the lines that follow, too, until Ctrl-C.',
  },
  shortFlags: { f: 'follow' },
  values: { worker: { value: 'n', about: 'Only the lines of the worker in this slot.' } },
};

const help = `\
The primary keeps the last lines of its log: 1000 at most, and 256 KB. It keeps
those of the workers too, where it reads them: with --log-time or
--prefix-output. Under systemd, journalctl has all lines: journalctl -u <unit>.`;

const POLL_MS = 250;

/** `prefork logs [-f] [--worker n]` prints the last lines of a server. */
export async function logs(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('logs', shape, help));
    return 0;
  }
  const slot = line.values.has('worker')
    ? readNumber(line, 'worker', { min: 0, max: MOST_WORKERS - 1, preset: 0 })
    : undefined;
  const server = await findServer(line.name);
  const kept = await readLines(server, 0, slot);
  if (!kept.hasWorkers) {
    complain(
      `${server.name} keeps only the lines of its own log; --log-time or --prefix-output has it keep the workers', too`,
    );
  }
  show(kept);
  if (line.flags.has('follow')) await follow(server, kept.next, slot);
  return 0;
}

/** Shows lines until the server has ended. A next primary counts its lines from 0. */
async function follow(first: RunningServer, start: number, slot: number | undefined): Promise<void> {
  let server = first;
  let next = start;
  for (;;) {
    await delay(POLL_MS);
    try {
      const kept = await readLines(server, next, slot);
      if (kept.dropped > 0) complain(`${kept.dropped} lines came too fast to be kept`);
      // Fewer lines than before are another primary's.
      show(kept.next < next ? await readLines(server, 0, slot) : kept);
      next = kept.next;
    } catch (error) {
      if (!isGone(error)) throw error;
      server = await findAgain(server).catch(() => server);
      if (!(await isThere(server))) return;
    }
  }
}

/** Tells whether the server has ended: before it was asked, or before it answered. */
function isGone(error: unknown): boolean {
  if (!(error instanceof PreforkError)) return false;
  return error.code === 'ERR_NOT_RUNNING' || ['ECONNRESET', 'EPIPE'].includes(systemCode(error.cause));
}

async function isThere(server: RunningServer): Promise<boolean> {
  return readLines(server, 0).then(
    () => true,
    () => false,
  );
}

/** Writes lines as the workers wrote them, each on a line of its own. */
function show({ lines }: KeptLines): void {
  const text = lines.map(({ at, worker, text: written }) => {
    const who = worker === null ? '' : `[${worker}] `;
    return `${at} ${who}${written}`.replaceAll(/[\r\n]/g, ' ');
  });
  if (text.length > 0) printOutput(`${text.join('\n')}\n`);
}
