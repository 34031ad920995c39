export type WorkerState = 'booting' | 'standby' | 'taking' | 'serving' | 'draining' | 'ending';
export type WorkerEvent = 'ready' | 'promote' | 'serve' | 'drain' | 'end';

/** The life of a worker, from its fork to its exit, which can come in any state and leaves none. */
export const workerTransitions: Readonly<Record<WorkerState, Partial<Record<WorkerEvent, WorkerState>>>> = {
  /** Its application starts. With a slot of its own it goes straight on to serve. */
  booting: { ready: 'standby', serve: 'serving', end: 'ending' },
  /** Booted up to `listen`, which is not answered yet: a spare, or the next worker of a slot. */
  standby: { promote: 'taking', end: 'ending' },
  /** Was given a slot's sockets, and has not said that it accepts from them. */
  taking: { serve: 'serving', end: 'ending' },
  /** May receive traffic. */
  serving: { drain: 'draining' },
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
