export type WorkerState = 'booting' | 'standby' | 'taking' | 'serving' | 'parked' | 'draining' | 'ending';
export type WorkerEvent = 'wait' | 'take' | 'promote' | 'serve' | 'park' | 'unpark' | 'drain' | 'end';

/** The life of a worker, from its fork to its exit. The exit can come in any state, and is no state itself. */
export const workerTransitions: Readonly<Record<WorkerState, Partial<Record<WorkerEvent, WorkerState>>>> = {
  /** The application starts, and has no socket. */
  booting: { wait: 'standby', take: 'taking', end: 'ending' },
  /** A spare has booted up to `listen`, which is not answered yet. */
  standby: { promote: 'taking', end: 'ending' },
  /** The worker was given a slot's sockets, and may accept from them. It is not ready: see readiness.ts. */
  taking: { serve: 'serving', drain: 'draining' },
  /** The worker may receive traffic. */
  serving: { park: 'parked', drain: 'draining' },
  /** The slot is another worker's, and this one accepts nothing. But it may get the slot back. */
  parked: { unpark: 'serving', drain: 'draining' },
  /** The worker accepts no more, and finishes what is in flight. */
  draining: { end: 'ending' },
  /** The worker got the signal to end. */
  ending: {},
};

/** @throws Error with code `ERR_ILLEGAL_TRANSITION`. Nothing has changed then. */
export function nextWorkerState(state: WorkerState, event: WorkerEvent): WorkerState {
  const next = workerTransitions[state][event];
  if (next === undefined) {
    throw Object.assign(new Error(`a worker that is ${state} cannot ${event}`), { code: 'ERR_ILLEGAL_TRANSITION' });
  }
  return next;
}
