/** Has a prefork watch a canary as long as it runs. */

import { paths } from '../paths.ts';
import type { Running } from '../system.ts';

/** Longer than any turn. */
const WATCH = '1h';

/** @returns what throws when no canary was watched, or when its watch ended before. */
export function canaryWatched({ setting, run, log }: Running): () => void {
  const reload = ['reload', '--name', 'bench', '--canary', '1', '--watch', WATCH];
  // It returns when the watch ends, which is when the server does.
  run({ argv: [setting.node, paths.prefork, ...reload] }).catch(() => {});
  return () => {
    if (!/canary watched/.test(log()) || /canary (?:promoted|given up)/.test(log())) {
      throw new Error(`no canary was watched all the time\n${log()}`);
    }
  };
}
