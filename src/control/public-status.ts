import type { SlotStatus, Status } from './controls.ts';

/**
 * A status for whoever can reach a TCP port: without what the application wrote at its end, which may be anything, a line of
 * its error with a password in a URL among it. The kind of the end stays.
 */
export function withoutWords(status: Status): Status {
  const { last } = status.reloads;
  const reason = last?.reason === undefined ? undefined : 'the log says why';
  return {
    ...status,
    slots: status.slots.map(slotWithoutWords),
    reloads: { ...status.reloads, last: last && { ...last, reason } },
  };
}

function slotWithoutWords(slot: SlotStatus): SlotStatus {
  const { lastExit } = slot;
  return lastExit === null ? slot : { ...slot, lastExit: { ...lastExit, text: lastExit.reason } };
}
