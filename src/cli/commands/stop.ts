import { setTimeout as delay } from 'node:timers/promises';
import { PreforkError } from '../../errors.ts';
import { findServer, isRunning, readStatus, type RunningServer } from '../../control/client.ts';
import { duration } from '../../primary/words.ts';
import { perform, printDone } from '../operation.ts';
import { print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = { flags: { now: 'Without grace: requests in flight break off.' } };

const help = `\
Requests in flight finish, for at most the server's shutdown grace period.`;

/** How long a primary may take to exit after its last worker, ms. */
const PATIENCE = 10_000;

/** How long its pid may still be there when its socket is not, ms. It is another's in another pid namespace. */
const PID_PATIENCE = 1000;

/** `prefork stop`: returns when the server is gone. */
export async function stop(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('stop', shape, help));
    return 0;
  }
  const server = await findServer(line.name);
  const { pid } = await readStatus(server);
  const { took } = await perform(server, '/stop', { now: line.flags.has('now') });
  await untilGone(server, pid);
  printDone('stop', { name: server.name, pid, in: duration(took) });
  return 0;
}

/** The answer comes just before the primary ends. */
async function untilGone(server: RunningServer, pid: number): Promise<void> {
  const start = performance.now();
  for (let waited = 0; waited < PATIENCE; waited = performance.now() - start) {
    // Its pid alone is not asked for: a service manager may have started the next one by now, which answers.
    if (!isAlive(pid) || (waited > PID_PATIENCE && !(await isRunning(server)))) return;
    await delay(10);
  }
  throw new PreforkError('ERR_NO_ANSWER', `${server.name} (pid ${pid}) has stopped its workers, and does not end`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
