import type { OperationKind } from '../../../contract/operations.ts';
import type { OperationRow } from './operation.ts';
import { recycle } from './recycle.ts';
import { reload } from './reload.ts';
import { scale, sumOf } from './scale.ts';
import { upgrade } from './upgrade.ts';

/**
 * The operations: what each does is its own file, and what the rest of the fleet has to know of it is here. What people and
 * programs ask for it with is its row in contract/operations.ts.
 */
export const operations: { readonly [Kind in OperationKind]: OperationRow<Kind> } = {
  reload: {
    procedure: reload,
    retires: 'reload',
    parks: true,
    owns: 'new code',
    takesOldSpares: false,
    // It will boot whatever code is there by then.
    join: (waiting) => waiting,
    tellsOfWaiting: true,
    signals: () => ['SIGHUP'],
  },
  scale: {
    procedure: scale,
    retires: 'scale',
    parks: false,
    owns: 'new slots',
    takesOldSpares: true,
    // Of several steps only the sum matters.
    join: sumOf,
    tellsOfWaiting: true,
    signals: (target) => {
      const by = 'by' in target ? target.by : 0;
      return Array.from({ length: Math.abs(by) }, () => (by > 0 ? 'SIGTTIN' : 'SIGTTOU'));
    },
  },
  recycle: {
    procedure: recycle,
    retires: 'recycle',
    parks: false,
    owns: 'successors',
    takesOldSpares: true,
    limit: ({ reason }) => reason,
    tellsOfWaiting: false,
    // The next primary's workers are new.
    signals: () => [],
  },
  upgrade: {
    procedure: upgrade,
    retires: 'upgrade',
    parks: false,
    owns: 'successors',
    takesOldSpares: true,
    tellsOfWaiting: true,
    // The next primary has been upgraded to.
    signals: () => [],
  },
};
