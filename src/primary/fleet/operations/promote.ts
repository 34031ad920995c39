import { promoteCanary, watchedCanary } from './canary.ts';
import type { Procedure } from './procedure.ts';

/**
 * Ends the watch of a canary at once: the reload goes on with the other slots, and its outcome is the answer. It never has
 * a turn of its own.
 */
export const promote: Procedure<'promote'> = {
  admit(step) {
    if (watchedCanary(step.fleet) === undefined) return { ok: false, reason: whyNot(step.fleet.running?.canary) };
    promoteCanary(step, 'it was asked for');
    return 'join';
  },
  begin: () => undefined,
  advance: () => 'done',
  ended: () => {},
};

function whyNot(booting: object | undefined): string {
  return booting === undefined
    ? 'no canary is watched: prefork reload --canary <n> begins one'
    : 'the canary still boots: it can be promoted when all its workers serve';
}
