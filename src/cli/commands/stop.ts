import { setTimeout as delay } from 'node:timers/promises';
import { PreforkError } from '../../errors.ts';
import { findServer, isRunning, readStatus, type RunningServer } from '../../control/client.ts';
import { duration } from '../../format/duration.ts';
import { perform, printDone } from '../operation.ts';
import { complain, print } from '../print.ts';
import { verbHelp } from '../verb-help.ts';
import { parseVerbLine, type VerbShape } from '../verb-line.ts';
import { systemCode } from '../../contract/system-code.ts';

const shape: VerbShape = { flags: { now: 'Stop without grace: requests in flight are cut off.' } };

const help = `\
Requests in flight may finish, within the server's shutdown grace period. If no
such server runs there is nothing to do, and the command succeeds.`;

/** How long a primary may take to exit after its last worker. */
const EXIT_PATIENCE_MS = 10_000;

/** How long a server that is ending may still listen. */
const END_PATIENCE_MS = 1000;

/** How long the server's pid may outlive its socket. In another pid namespace that pid is another process. */
const PID_PATIENCE_MS = 1000;

/** `prefork stop` returns when the server is gone, even if another command stopped it. */
export async function stop(argv: readonly string[]): Promise<number> {
  const line = parseVerbLine(argv, shape);
  if (line.help) {
    print(verbHelp('stop', shape, help));
    return 0;
  }
  try {
    await stopServer(await findServer(line.name), line.flags.has('now'));
  } catch (error) {
    // The server is down, which is what was asked for. Init scripts (LSB) count that as success, and they use --name. A
    // name without it comes from a person, who may have misspelt it.
    if (!(error instanceof PreforkError) || error.code !== 'ERR_NOT_RUNNING' || line.argument !== undefined)
      throw error;
    complain(`${error.message}: nothing to stop`);
  }
  return 0;
}

async function stopServer(server: RunningServer, now: boolean): Promise<void> {
  const start = performance.now();
  const { pid } = await readStatus(server).catch((error: unknown) => orGone(server, error));
  const took = await perform(server, '/stop', { now }).then(
    (done) => done.took,
    // Another command or a signal has stopped the server first.
    (error: unknown) => orGone(server, error).then(() => performance.now() - start),
  );
  if (pid !== undefined) await untilGone(server, pid);
  printDone('stop', { name: server.name, ...(pid !== undefined && { pid }), in: duration(took) });
}

/**
 * Gives a failed request its meaning: a server that is gone could not answer.
 *
 * @throws the same error when the server is still there.
 */
async function orGone(server: RunningServer, error: unknown): Promise<{ readonly pid?: undefined }> {
  if (!(error instanceof PreforkError)) throw error;
  const start = performance.now();
  while (await isRunning(server)) {
    if (performance.now() - start > END_PATIENCE_MS) throw error;
    await delay(10);
  }
  return {};
}

/** Waits for the primary to end, because its answer comes just before that. */
async function untilGone(server: RunningServer, pid: number): Promise<void> {
  const start = performance.now();
  for (let waited = 0; waited < EXIT_PATIENCE_MS; waited = performance.now() - start) {
    // The pid alone does not decide: a service manager may already have started the next primary, which answers.
    if (!isAlive(pid) || (waited > PID_PATIENCE_MS && !(await isRunning(server)))) return;
    await delay(10);
  }
  throw new PreforkError('ERR_NO_ANSWER', `${server.name} (pid ${pid}) has stopped its workers but does not exit`);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}
