/** How the log words what the fleet is made of. */
import type { LogFields } from './events.ts';
import type { Worker } from './fleet.ts';

export function describe({ slot, generation, pid }: Worker): LogFields {
  return { slot, gen: generation, pid };
}

/** As people write it: `96ms`, `4.2s`, `3m`, `2h`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 120_000) return `${Number((ms / 1000).toFixed(1))}s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)}m`;
  return `${Math.round(ms / 3_600_000)}h`;
}
