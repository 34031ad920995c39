/** How the log, and the commands after it, word things. */
import type { LogFields } from './events.ts';
import type { Worker } from './fleet.ts';

export { duration } from '../../format/duration.ts';

export function describe({ slot, generation, pid }: Worker): LogFields {
  return { slot, gen: generation, pid };
}
