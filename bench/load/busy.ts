/** Runs busy-client.ts as a process of its own while something happens to the server. */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Outcome, Task } from './busy-client.ts';

const client = fileURLToPath(new URL('busy-client.ts', import.meta.url));

export async function keptBusyDuring(task: Task, during: () => Promise<void>): Promise<Outcome> {
  const child = fork(client, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  try {
    child.send(task);
    await during();
    child.send('stop');
    const [outcome] = (await once(child, 'message', { signal: AbortSignal.timeout(15_000) })) as [Outcome];
    return outcome;
  } finally {
    child.kill('SIGKILL');
  }
}
