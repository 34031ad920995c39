import type { App } from './app.ts';

/**
 * Reloads. The promise settles when the earlier workers have ended.
 *
 * @param nth the number of this reload, from 1
 * @returns the time from the end of the reload to the end of the last of the earlier workers, in ms.
 */
export async function reload(app: App, nth: number): Promise<number> {
  const before = [...app.workers.values()];
  app.signal('SIGHUP');
  await app.event('reload done', {}, nth);
  const doneAt = performance.now();
  for (const pid of before) await app.event('worker stopped', { pid });
  return Math.round(performance.now() - doneAt);
}
