import type { Procedure } from './operation.ts';

/**
 * The next primary is started with this one's sockets, and boots workers of its own beside ours. What comes of it is told
 * by events: `upgraded`, and then this primary stops; or `upgrade-failed`, and nothing has changed.
 */
export const upgrade: Procedure<'upgrade'> = {
  begin(step, { node }) {
    step.tell('upgrading', { node });
    step.do({ do: 'upgrade', node });
    return undefined;
  },

  advance: () => 'waiting',

  ended(step, _running, _target, outcome) {
    if (outcome.ok) return;
    step.tell('upgrade failed', { reason: outcome.reason });
    // It may be about to be ready, when a stop came between: then nobody would want it any more.
    step.do({ do: 'abandon-upgrade' });
  },
};
