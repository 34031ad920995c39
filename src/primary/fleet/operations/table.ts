import type { OperationKind } from '../../../contract/operations.ts';
import type { OperationRow } from './procedure.ts';
import { promote } from './promote.ts';
import { recycle } from './recycle.ts';
import { reload } from './reload.ts';
import { rollback } from './rollback.ts';
import { scale, sumOf } from './scale.ts';
import { upgrade } from './upgrade.ts';

/**
 * The operations. What each one does is in its own file, and what the rest of the fleet has to know of it is here. How
 * people and programs ask for it is its row in contract/operations.ts.
 */
export const operations: { readonly [Kind in OperationKind]: OperationRow<Kind> } = {
  reload: {
    procedure: reload,
    retires: 'reload',
    parks: true,
    owns: 'new code',
    takesOldSpares: false,
    renews: true,
    // The one that waits will boot the code that is there by then.
    join: (_waiting, next) => next,
    tellsOfWaiting: true,
    signals: () => ['SIGHUP'],
  },
  promote: {
    procedure: promote,
    retires: 'reload',
    parks: false,
    owns: 'successors',
    takesOldSpares: true,
    tellsOfWaiting: false,
    signals: () => [],
  },
  rollback: {
    procedure: rollback,
    retires: 'rollback',
    parks: false,
    owns: 'successors',
    takesOldSpares: true,
    // A rollback is urgent, and never waits.
    tellsOfWaiting: false,
    // The next primary has nothing to roll back to.
    signals: () => [],
  },
  scale: {
    procedure: scale,
    retires: 'scale',
    parks: false,
    owns: 'new slots',
    takesOldSpares: true,
    // Only the sum of several steps matters.
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
    // The next primary is the upgrade.
    signals: () => [],
  },
};
