import { isAlive } from './leftovers.ts';
import { poll } from './watched.ts';
import type { App } from './app.ts';

/** Waits until the app's primary has been succeeded, and is gone. @returns the pid of the new one. */
export async function upgraded(app: App, nth = 1): Promise<number> {
  const { fields } = await app.event('upgraded', {}, nth);
  await app.event('stopped', {}, nth);
  return Number(fields['pid']);
}

/** Ends an app whose primary has been succeeded. @param primary the pid of the last one. */
export async function endSuccessor(app: App, primary: number): Promise<void> {
  process.kill(primary, 'SIGTERM');
  await poll(() => !isAlive(primary) || undefined, 'the end of the new primary');
  await app.gone();
  // Its successors had the output of the first one.
  await app.exit();
}
