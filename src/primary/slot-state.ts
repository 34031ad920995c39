export type SlotState = 'vacant' | 'booting' | 'serving' | 'waiting' | 'draining' | 'ending' | 'stopped';
export type SlotEvent = 'fork' | 'ready' | 'exit' | 'stop' | 'end';

/**
 * The life of a slot. A slot outlives its workers: when one ends, the slot waits (perhaps for no time at all) and is
 * filled again.
 */
export const slotTransitions: Readonly<Record<SlotState, Partial<Record<SlotEvent, SlotState>>>> = {
  /** Never had a worker. */
  vacant: { fork: 'booting', stop: 'stopped' },
  /** Its worker starts, and has not said that it is ready. */
  booting: { ready: 'serving', exit: 'waiting', stop: 'ending' },
  /** Its worker may receive traffic. */
  serving: { exit: 'waiting', stop: 'draining' },
  /** Its worker is gone; the next is due, at once or after the backoff. */
  waiting: { fork: 'booting', stop: 'stopped' },
  /** Its worker finishes what is in flight. */
  draining: { end: 'ending', exit: 'stopped' },
  /** Its worker got the signal to end. */
  ending: { exit: 'stopped' },
  /** Empty for good. */
  stopped: {},
};

/** @throws Error with code `ERR_ILLEGAL_TRANSITION`; nothing has changed then. */
export function nextSlotState(state: SlotState, event: SlotEvent): SlotState {
  const next = slotTransitions[state][event];
  if (next === undefined) {
    throw Object.assign(new Error(`a slot that is ${state} cannot ${event}`), { code: 'ERR_ILLEGAL_TRANSITION' });
  }
  return next;
}
