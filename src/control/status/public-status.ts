import type { RecordedEvent, SlotStatus, Status } from '../controls.ts';

/** The text that replaces what the application said. */
const WITHHELD = 'the log says why';

/**
 * Returns a status for every client that can reach a TCP port. The working directory and the path of the program are left
 * out. So is the application's last output, which may be anything, such as an error with a password in a URL. The kind of the exit
 * stays.
 */
export function withoutWords(status: Status): Status {
  const { last } = status.reloads;
  const reason = last?.reason === undefined ? undefined : WITHHELD;
  return {
    ...status,
    directory: '',
    entry: '',
    canary: status.canary && { ...status.canary, reasons: status.canary.reasons.map(() => WITHHELD) },
    slots: status.slots.map(slotWithoutWords),
    reloads: { ...status.reloads, last: last && { ...last, reason } },
  };
}

function slotWithoutWords(slot: SlotStatus): SlotStatus {
  const { lastExit } = slot;
  return lastExit === null ? slot : { ...slot, lastExit: { ...lastExit, text: lastExit.reason } };
}

/** Does the same for an event. */
export function eventWithoutWords({ at, name, fields }: RecordedEvent): RecordedEvent {
  const { text: _text, error, ...rest } = fields;
  if (name === 'reload:failed') return { at, name, fields: { ...rest, reason: WITHHELD } };
  return { at, name, fields: error === undefined ? rest : { ...rest, error: WITHHELD } };
}
