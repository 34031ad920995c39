/** A server as the measurements want it: it answers rightly, and does nothing. */

import { setTimeout as sleep } from 'node:timers/promises';
import { readCpu } from './accounts.ts';
import { answersRightly } from './right-answers.ts';
import { type Grounds, newSetting, Server } from './server.ts';
import type { App, System } from './system.ts';

/** The caller stops it. */
export async function opened(system: System, app: App, workers: number, grounds: Grounds): Promise<Server> {
  const setting = await newSetting(grounds, app, workers);
  const server = await Server.start(system, setting, grounds);
  await server.ready(() => answersRightly(app, setting.port));
  await settled(server);
  return server;
}

/**
 * Until the system does nothing any more: its workers are up, its command line tool is gone, its start's garbage is
 * collected. The same for all, without knowing how each of them says that it is ready.
 */
export async function settled(server: Server): Promise<void> {
  const WINDOW = 150;
  for (let waited = 0; waited < 8000; waited += WINDOW) {
    const before = readCpu(server.pids).tree;
    await sleep(WINDOW);
    // One tick of the kernel's account is 10 ms.
    if (readCpu(server.pids).tree - before <= 0.0101) return;
  }
}
