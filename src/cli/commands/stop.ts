import { setTimeout as delay } from 'node:timers/promises';
import { PreforkError } from '../../errors.ts';
import { findServer, isRunning, readStatus, type RunningServer } from '../../control/client.ts';
import { duration } from '../../format/duration.ts';
import { perform, printDone } from '../operation.ts';
import { complain, print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';

const shape: VerbShape = { flags: { now: 'Without grace: requests in flight break off.' } };

const help = `\
Requests in flight finish, for at most the server's shutdown grace period.
Where no such server runs there is nothing to do, and that is success.`;

/** How long a primary may take to exit after its last worker, ms. */
const PATIENCE = 10_000;

/** Until a server that ends listens no more, ms. */
const END_PATIENCE_MS = 1000;

/** How long its pid may still be there when its socket is not, ms. It is another's in another pid namespace. */
const PID_PATIENCE = 1000;

/** `prefork stop`: returns when the server is gone, whoever has stopped it. */
export async function stop(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('stop', shape, help));
    return 0;
  }
  try {
    await stopServer(await findServer(line.name), line.flags.has('now'));
  } catch (error) {
    // As init scripts have it (LSB): what was asked for is so.
    if (!(error instanceof PreforkError) || error.code !== 'ERR_NOT_RUNNING') throw error;
    complain(`${error.message}: nothing to stop`);
  }
  return 0;
}

async function stopServer(server: RunningServer, now: boolean): Promise<void> {
  const start = performance.now();
  const { pid } = await readStatus(server).catch((error: unknown) => orGone(server, error));
  const took = await perform(server, '/stop', { now }).then(
    (done) => done.took,
    // Another command, or a signal, has stopped it first.
    (error: unknown) => orGone(server, error).then(() => performance.now() - start),
  );
  if (pid !== undefined) await untilGone(server, pid);
  printDone('stop', { name: server.name, ...(pid !== undefined && { pid }), in: duration(took) });
}

/** A server that is gone could not answer. @throws what was thrown, when it is still there. */
async function orGone(server: RunningServer, error: unknown): Promise<{ readonly pid?: undefined }> {
  if (!(error instanceof PreforkError)) throw error;
  const start = performance.now();
  while (await isRunning(server)) {
    if (performance.now() - start > END_PATIENCE_MS) throw error;
    await delay(10);
  }
  return {};
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
