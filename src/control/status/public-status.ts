import type { RecordedEvent, SlotStatus, Status } from '../controls.ts';

/** In place of what the application said. */
const WITHHELD = 'the log says why';

/**
 * A status for whoever can reach a TCP port: without what the application wrote at its end, which may be anything, a line of
 * its error with a password in a URL among it, and without its directory. The kind of the end stays.
 */
export function withoutWords(status: Status): Status {
  const { last } = status.reloads;
  const reason = last?.reason === undefined ? undefined : WITHHELD;
  return {
    ...status,
    directory: '',
    slots: status.slots.map(slotWithoutWords),
    reloads: { ...status.reloads, last: last && { ...last, reason } },
  };
}

function slotWithoutWords(slot: SlotStatus): SlotStatus {
  const { lastExit } = slot;
  return lastExit === null ? slot : { ...slot, lastExit: { ...lastExit, text: lastExit.reason } };
}

/** Likewise something that happened. */
export function happenedWithoutWords({ at, name, fields }: RecordedEvent): RecordedEvent {
  const { text: _text, error, ...rest } = fields;
  if (name === 'reload:failed') return { at, name, fields: { ...rest, reason: WITHHELD } };
  return { at, name, fields: error === undefined ? rest : { ...rest, error: WITHHELD } };
}
