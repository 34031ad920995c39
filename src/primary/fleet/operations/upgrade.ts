import { watchedCanary } from './canary.ts';
import type { Procedure } from './procedure.ts';

/**
 * Starts the next primary with this one's sockets. It boots workers of its own beside ours. Events tell the outcome:
 * after `upgraded` this primary stops, and after `upgrade-failed` nothing has changed.
 */
export const upgrade: Procedure<'upgrade'> = {
  /** The next primary would run the new code in every worker, before there is a verdict. */
  admit(step) {
    if (watchedCanary(step.fleet) === undefined) return 'wait';
    const reason = 'a canary is watched: promote it or roll it back first';
    step.tell('upgrade failed', { reason });
    return { ok: false, reason };
  },

  begin(step, { node }) {
    step.tell('upgrading', { node });
    step.do({ do: 'upgrade', node });
    return undefined;
  },

  advance: () => 'waiting',

  ended(step, _running, _target, outcome) {
    if (outcome.ok) return;
    step.tell('upgrade failed', { reason: outcome.reason });
    // The next primary may be about to be ready when a stop came between. It is not wanted any more then.
    step.do({ do: 'abandon-upgrade' });
  },
};
