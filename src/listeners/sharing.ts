import type { Sharing } from '../contract/modes.ts';
import { canPassHandles, reuseportWorks } from './native.ts';

/** The modes from the best to the last resort, each with its test and the message for when it fails. */
const modes: ReadonlyArray<{ sharing: Sharing; works: () => boolean; missing: string }> = [
  {
    sharing: 'reuseport',
    works: reuseportWorks,
    missing: 'needs Node 22.12 or newer and a kernel that balances SO_REUSEPORT (Linux, FreeBSD, DragonFly)',
  },
  { sharing: 'shared', works: () => canPassHandles, missing: 'needs handles that can be sent to another process' },
  { sharing: 'round-robin', works: () => true, missing: '' },
];

/** The mode in force, and for the log why it was chosen. */
export interface SharingChoice {
  readonly mode: Sharing;
  readonly reason: string;
}

/**
 * Chooses the mode that was asked for, or for `auto` the first that this platform and Node support.
 *
 * @throws Error with code `ERR_SHARING_UNSUPPORTED` where the wanted mode does not work here.
 */
export function chooseSharing(wanted: Sharing | 'auto'): SharingChoice {
  const failed: string[] = [];
  for (const { sharing, works, missing } of modes) {
    if (wanted !== 'auto' && wanted !== sharing) continue;
    if (works())
      return { mode: sharing, reason: wanted === 'auto' ? failed.join('; ') || 'the best there is' : 'asked for' };
    failed.push(`${sharing} ${missing}`);
  }
  throw Object.assign(
    new Error(`--sharing ${failed.join('; ')}; this is Node ${process.version} on ${process.platform}`),
    {
      code: 'ERR_SHARING_UNSUPPORTED',
    },
  );
}
