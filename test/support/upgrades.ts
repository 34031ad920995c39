import { isAlive } from './leftovers.ts';
import { poll } from './watched.ts';
import type { App } from './app.ts';

/**
 * Waits until another primary has succeeded the app's primary, and that one is gone.
 *
 * @returns the pid of the new one.
 */
export async function upgraded(app: App, nth = 1): Promise<number> {
  const { fields } = await app.event('upgraded', {}, nth);
  await app.event('stopped', {}, nth);
  return Number(fields['pid']);
}

/**
 * Ends an app whose primary has been succeeded.
 *
 * @param primary the pid of the last one.
 */
export async function endSuccessor(app: App, primary: number): Promise<void> {
  process.kill(primary, 'SIGTERM');
  await poll(() => !isAlive(primary) || undefined, 'the end of the new primary');
  await app.gone();
  // The successors had the output of the first primary.
  await app.exit();
}
