import { runningServers, type RunningServer } from '../../control/client.ts';
import { PreforkError } from '../../errors.ts';
import { doneFields, printDone, type Done } from '../operation.ts';
import { complain } from '../print.ts';

/** How long a server of another user may take. It may be hostile and never answer; root's command ends all the same. */
const OTHERS_PATIENCE_MS = 600_000;

/**
 * Finds the servers that a command with `--all` means.
 *
 * @throws PreforkError `ERR_NOT_RUNNING` when there is none.
 */
export async function allServers(): Promise<RunningServer[]> {
  const servers = await runningServers();
  if (servers.length > 0) return servers;
  throw new PreforkError('ERR_NOT_RUNNING', 'no server of this user is running');
}

/**
 * Performs an operation on each server and prints a line for each. The servers of one user follow each other, so that a
 * machine never boots the workers of all at once. Those of different users go side by side, because one user must not
 * hold up another's.
 *
 * @param perform throws a PreforkError when the operation has failed.
 * @returns the exit code: that of the first failure.
 */
export async function performAll(
  what: string,
  servers: readonly RunningServer[],
  perform: (server: RunningServer, patience: number) => Promise<Done>,
): Promise<number> {
  const failures: PreforkError[] = [];
  const performEach = async (uid: number | undefined): Promise<void> => {
    const end = performance.now() + OTHERS_PATIENCE_MS;
    for (const server of servers.filter(({ owner }) => owner?.uid === uid)) {
      const who = uid === undefined ? { name: server.name } : { name: server.name, uid };
      try {
        const patience = uid === undefined ? 0 : Math.max(1, end - performance.now());
        printDone(what, { ...who, ...doneFields(await perform(server, patience)) });
      } catch (error) {
        if (uid === undefined && !(error instanceof PreforkError)) throw error;
        const failure = asFailure(error);
        failures.push(failure);
        complain(`${server.name}: ${failure.message}`);
      }
    }
  };
  await Promise.all([...new Set(servers.map(({ owner }) => owner?.uid))].map(performEach));
  return failures[0]?.exitCode ?? 0;
}

/** The answer of a hostile server may break what reads it. The servers of others are asked all the same. */
function asFailure(error: unknown): PreforkError {
  if (error instanceof PreforkError) return error;
  return new PreforkError('ERR_NO_ANSWER', 'gave an answer that cannot be read', { cause: error });
}
