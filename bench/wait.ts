/** Waiting for what announces itself only by being there. */

import { setTimeout as sleep } from 'node:timers/promises';

/** Looks every `everyMs` until it is so. Throws, naming what it waited for, when it takes longer than `timeoutMs`. */
export async function until(
  isSo: () => boolean | Promise<boolean>,
  timeoutMs: number,
  what: string,
  everyMs = 10,
): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
    await sleep(everyMs);
  }
}
