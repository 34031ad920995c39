import { rmSync, unlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { WorkerBriefing } from '../../ipc/briefing.ts';
import { livenessOf } from '../../sockets/liveness.ts';
import { removeSocketFile, type SocketFile } from '../../listeners/socket-file.ts';

/** A next primary that was started just before, and cannot go on, holds its sockets open for as long as node takes to start. */
const NEXT_PRIMARY_MS = 2000;
const POLL_MS = 50;

/**
 * Removes what a primary that was killed could not remove. The first of its last workers is as good as any, except for sockets
 * that still answer. The last worker that accepts from such a socket removes its file, or another primary has inherited it
 * and serves.
 */
export async function removeRemains(
  { control, reports }: Pick<WorkerBriefing, 'control' | 'reports'>,
  files: readonly SocketFile[],
): Promise<void> {
  await Promise.all(
    files.map(async (file) => {
      if (await isDeadWithin(file.path, NEXT_PRIMARY_MS)) removeSocketFile(file);
    }),
  );
  if (reports !== '') attempt(() => rmSync(reports, { recursive: true, force: true }));
  // The next primary may have the name already, and then its socket is there.
  if (control !== '' && (await isDead(control))) attempt(() => unlinkSync(control));
}

async function isDeadWithin(path: string, within: number): Promise<boolean> {
  for (const end = Date.now() + within; Date.now() < end; await delay(POLL_MS)) if (await isDead(path)) return true;
  return false;
}

async function isDead(path: string): Promise<boolean> {
  return (await livenessOf(connect(path))) === 'dead';
}

/** Removing may fail: the file is another user's (`--user`), or another worker was faster. */
function attempt(remove: () => void): void {
  try {
    remove();
  } catch {
    // The next primary sweeps up, or systemd-tmpfiles does.
  }
}
