export type WorkerState = 'booting' | 'standby' | 'taking' | 'serving' | 'parked' | 'draining' | 'ending';
export type WorkerEvent = 'wait' | 'take' | 'promote' | 'serve' | 'park' | 'unpark' | 'drain' | 'end';

/** The life of a worker, from its fork to its exit, which can come in any state and leaves none. */
export const workerTransitions: Readonly<Record<WorkerState, Partial<Record<WorkerEvent, WorkerState>>>> = {
  /** Its application starts, and has no socket. */
  booting: { wait: 'standby', take: 'taking', end: 'ending' },
  /** A spare, booted up to `listen`, which is not answered yet. */
  standby: { promote: 'taking', end: 'ending' },
  /** It was given a slot's sockets, and may accept from them. It is not ready: see readiness.ts. */
  taking: { serve: 'serving', drain: 'draining' },
  /** May receive traffic. */
  serving: { park: 'parked', drain: 'draining' },
  /** Its slot is another's, and it accepts nothing; but it may get the slot back. */
  parked: { unpark: 'serving', drain: 'draining' },
  /** Accepts no more, and finishes what is in flight. */
  draining: { end: 'ending' },
  /** Got the signal to end. */
  ending: {},
};

/** @throws Error with code `ERR_ILLEGAL_TRANSITION`; nothing has changed then. */
export function nextWorkerState(state: WorkerState, event: WorkerEvent): WorkerState {
  const next = workerTransitions[state][event];
  if (next === undefined) {
    throw Object.assign(new Error(`a worker that is ${state} cannot ${event}`), { code: 'ERR_ILLEGAL_TRANSITION' });
  }
  return next;
}
