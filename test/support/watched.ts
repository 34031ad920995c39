import { Changes } from '../../src/testing/app/changes.ts';

/** Longest wait for anything in a test: far more than it takes, so that only what never comes is missed. */
export const DEADLINE = 20_000;

/** Something that changes, and tests that wait until it has changed enough, each for the longest time that there is. */
export class Watched extends Changes {
  override until<Found>(
    find: () => Found | undefined,
    what: string | (() => string),
    deadline: number = DEADLINE,
  ): Promise<Found> {
    return super.until(find, typeof what === 'string' ? () => what : what, deadline);
  }
}

/** For what nobody announces, such as the end of a process that is not our child. */
export async function poll<Found>(
  find: () => Found | undefined | Promise<Found | undefined>,
  what: string,
  deadline = DEADLINE,
): Promise<Found> {
  const end = performance.now() + deadline;
  for (;;) {
    const found = await find();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited for ${what}, but it did not come within ${deadline} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
