import { Changes } from '../../src/testing/app/changes.ts';

/**
 * The longest wait for anything in a test. It is far more than anything takes, so that only what never comes is missed.
 */
export const DEADLINE_MS = 60_000;

/** Something that changes, and tests that wait for a change, up to the longest time. */
export class Watched extends Changes {
  override until<Found>(
    find: () => Found | undefined,
    what: string | (() => string),
    deadline: number = DEADLINE_MS,
  ): Promise<Found> {
    return super.until(find, typeof what === 'string' ? () => what : what, deadline);
  }
}

/** Waits by polling for a change that is not announced, such as the end of a process that is not our child. */
export async function poll<Found>(
  find: () => Found | undefined | Promise<Found | undefined>,
  what: string,
  deadline = DEADLINE_MS,
): Promise<Found> {
  const end = performance.now() + deadline;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited for ${what}, but it did not come within ${deadline} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
