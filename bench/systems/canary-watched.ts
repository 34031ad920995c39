/** Has a prefork watch a canary as long as it runs. */

import { paths } from '../paths.ts';
import type { Running } from '../system.ts';
import { until } from '../wait.ts';

/** Longer than any turn. */
const WATCH = '1h';
const LONGEST_BOOT_MS = 20_000;

/** @returns what throws when no canary was watched, or when its watch ended before. */
export async function canaryWatched({ setting, run, log }: Running): Promise<() => void> {
  const reload = ['reload', '--name', 'bench', '--canary', '1', '--watch', WATCH];
  // It returns when the watch ends, which is when the server does.
  run({ argv: [setting.node, paths.prefork, ...reload] }).catch(() => {});
  await until(() => log().includes('canary watched'), LONGEST_BOOT_MS, 'its canary');
  return () => {
    if (/canary (?:promoted|given up)/.test(log()))
      throw new Error(`the canary was not watched all the time\n${log()}`);
  };
}
