import { rmSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import type { WorkerContext } from '../ipc/context.ts';

/** Removes what a primary that was killed could not: its last workers do, and the first of them is as good as any. */
export async function removeRemains({ control, reports }: Pick<WorkerContext, 'control' | 'reports'>): Promise<void> {
  if (reports !== '') attempt(() => rmSync(reports, { recursive: true, force: true }));
  // The next primary may have the name already, and then its socket is there.
  if (control !== '' && (await isDead(control))) attempt(() => unlinkSync(control));
}

function isDead(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(false);
    });
    probe.once('error', ({ code }: NodeJS.ErrnoException) => resolve(code === 'ECONNREFUSED'));
  });
}

/** It is the other user's (`--user`), or another worker was faster. */
function attempt(remove: () => void): void {
  try {
    remove();
  } catch {
    // The next primary sweeps up, or systemd-tmpfiles.
  }
}
